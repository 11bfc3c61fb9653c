-- The source's relations as they stood at a past instant, from what their rows say of it. {at} is that instant,
-- {soon} the last one that counted as now. What a row does not tell (an earlier attempt, a status passed through
-- without a time) cannot be told here either.

-- name: upload_attempts
select * from {relation} where occurred_at <= {soon};

-- name: play_attempts
select * from {relation} where occurred_at <= {soon};

-- name: api_requests
select * from {relation} where occurred_at <= {soon};

-- name: worker_heartbeats
-- A start ahead belies itself alone, not the beat.
select * from {relation} where beat_at <= {soon};

-- name: transcode_jobs
-- A job that had not finished was in progress if it had been claimed or started, else it was queued. One that waits now,
-- for it was put back or is to be tried again, is taken to have waited all the time: when it was taken is not known.
select
    job_id, environment, artist_id, release_id, attempt, queued_at, available_at, worker_id, error_code, error_message,
    case
        when finished_at <= {soon} then status
        when finished_at is null and status in ('queued', 'scheduled', 'retrying') then status
        when least(claimed_at, started_at) <= {soon} then 'in_progress'
        else 'queued'
    end as status,
    case when claimed_at <= {soon} then claimed_at end as claimed_at,
    case when started_at <= {soon} then started_at end as started_at,
    case when finished_at <= {soon} then finished_at end as finished_at
from {relation}
where (queued_at > {soon}) is not true;

-- name: tracks
-- A track that went live later was still under way.
select
    track_id, environment, release_id, artist_id, uploaded_at, publish_at,
    case when state = 'live' and live_at > {soon} then 'processing' else state end as state,
    case when live_at <= {soon} then live_at end as live_at
from {relation}
where uploaded_at <= {soon};
