-- The seven relations of Hound that houndmon reads, as plain tables for the embedded database and
-- for demos. A real deployment never runs this file: there they are Hound's own tables or views.

create schema if not exists hound;

create table if not exists hound.releases (
    release_id  text primary key,
    artist_id   text,
    title       text,
    artist_name text
);

create table if not exists hound.tracks (
    track_id    text primary key,
    release_id  text,
    artist_id   text,
    environment text,
    state       text        not null,
    uploaded_at timestamptz not null,
    live_at     timestamptz,
    publish_at  timestamptz
);
create index if not exists tracks_environment_uploaded_at on hound.tracks (environment, uploaded_at);
create index if not exists tracks_environment_publish_at on hound.tracks (environment, publish_at);
create index if not exists tracks_artist_id_uploaded_at on hound.tracks (artist_id, uploaded_at);
create index if not exists tracks_release_id_uploaded_at on hound.tracks (release_id, uploaded_at);

create table if not exists hound.upload_attempts (
    occurred_at      timestamptz not null,
    environment      text,
    artist_id        text,
    release_id       text,
    track_id         text,
    outcome          text        not null,
    rejection_reason text
);
create index if not exists upload_attempts_environment_occurred_at
    on hound.upload_attempts (environment, occurred_at);
create index if not exists upload_attempts_artist_id_occurred_at
    on hound.upload_attempts (artist_id, occurred_at);
create index if not exists upload_attempts_release_id_occurred_at
    on hound.upload_attempts (release_id, occurred_at);

create table if not exists hound.transcode_jobs (
    job_id        text primary key,
    environment   text,
    artist_id     text,
    release_id    text,
    track_id      text,
    status        text        not null,
    attempt       integer,
    queued_at     timestamptz,
    claimed_at    timestamptz,
    started_at    timestamptz,
    finished_at   timestamptz,
    worker_id     text,
    error_code    text,
    error_message text,
    available_at  timestamptz
);
create index if not exists transcode_jobs_environment_finished_at
    on hound.transcode_jobs (environment, finished_at);
-- The queue is read on every tick and holds a handful of rows among many thousands.
create index if not exists transcode_jobs_active
    on hound.transcode_jobs (environment, status, queued_at)
    where status in ('queued', 'scheduled', 'in_progress', 'retrying');
create index if not exists transcode_jobs_artist_id_queued_at
    on hound.transcode_jobs (artist_id, queued_at);
create index if not exists transcode_jobs_release_id_queued_at
    on hound.transcode_jobs (release_id, queued_at);

create table if not exists hound.worker_heartbeats (
    worker_id          text        not null,
    environment        text,
    beat_at            timestamptz not null,
    process_started_at timestamptz
);
create index if not exists worker_heartbeats_environment_worker_id_beat_at
    on hound.worker_heartbeats (environment, worker_id, beat_at);

create table if not exists hound.play_attempts (
    occurred_at   timestamptz not null,
    environment   text,
    artist_id     text,
    release_id    text,
    track_id      text,
    platform      text,
    browser       text,
    outcome       text        not null,
    error_code    text,
    error_message text
);
create index if not exists play_attempts_environment_occurred_at
    on hound.play_attempts (environment, occurred_at);
create index if not exists play_attempts_artist_id_occurred_at
    on hound.play_attempts (artist_id, occurred_at);
create index if not exists play_attempts_release_id_occurred_at
    on hound.play_attempts (release_id, occurred_at);

create table if not exists hound.api_requests (
    occurred_at timestamptz not null,
    environment text,
    service     text,
    route       text,
    status_code integer     not null,
    requests    bigint      not null
);
create index if not exists api_requests_environment_occurred_at
    on hound.api_requests (environment, occurred_at);
