-- name: plays
-- Plays from number $1 to $2 of $3, spread from $4 up to $5 with a wave a day, by $6 artists.
insert into hound.play_attempts
select
    $4::timestamptz + ($5::timestamptz - $4::timestamptz) * (part - 0.4 / (14 * pi()) * sin(14 * pi() * part)),
    case when place < 0.8 then 'prod' else 'staging' end,
    'artist-' || artist,
    'release-' || artist * 4 + release,
    'track-' || (artist * 4 + release) * 10 + track,
    (array['ios', 'android', 'macos', 'windows', 'ios', 'android', 'linux', 'macos', 'windows', 'ios'])[client],
    (array['safari', 'chrome', 'safari', 'chrome', 'app', 'app', 'firefox', 'chrome', 'edge', 'chrome'])[client],
    case
        when fate < 0.015 then 'failed'
        when fate < 0.035 then 'blocked'
        when fate < 0.065 then 'aborted'
        else 'started'
    end,
    case
        when fate < 0.015 then (array[
            'MEDIA_ERR_NETWORK', 'MEDIA_ERR_DECODE', 'HLS_MANIFEST_LOAD', 'DRM_LICENSE', 'HLS_FRAG_TIMEOUT',
            'MEDIA_ERR_SRC', 'TOKEN_EXPIRED', 'GEO_BLOCKED'
        ])[code]
    end,
    case when fate < 0.015 then 'the player gave up with code ' || code end
from (
    select
        (i - 0.5)::float8 / $3::bigint as part,
        random() as place,
        floor($6::integer * random() ^ 2)::integer as artist,
        floor(4 * random())::integer as release,
        floor(10 * random())::integer as track,
        1 + floor(10 * random() ^ 1.5)::integer as client,
        random() as fate,
        1 + floor(8 * random() ^ 2)::integer as code
    from generate_series($1::bigint, $2::bigint) as i
) as drawn;

-- name: uploads
-- Uploads from number $1 to $2 of $3, spread from $4 up to $5, by $6 artists.
insert into hound.upload_attempts
select
    $4::timestamptz + ($5::timestamptz - $4::timestamptz) * ((i - 0.5)::float8 / $3::bigint),
    case when place < 0.8 then 'prod' else 'staging' end,
    'artist-' || artist,
    'release-' || artist * 4 + release,
    'upload-' || (extract(epoch from $5::timestamptz) * 1000)::bigint || '-' || i,
    case when fate < 0.04 then 'rejected' else 'accepted' end,
    case
        when fate < 0.04 then
            (array['clipping', 'bad_metadata', 'duplicate', 'too_short', 'unsupported_codec', null])[reason]
    end
from (
    select
        i,
        random() as place,
        floor($6::integer * random() ^ 2)::integer as artist,
        floor(4 * random())::integer as release,
        random() as fate,
        1 + floor(6 * random() ^ 2)::integer as reason
    from generate_series($1::bigint, $2::bigint) as i
) as drawn;

-- name: jobs
-- Jobs from number $1 to $2 of $3, queued from $4 up to $5, by $6 artists; what lies past $5 has not happened yet.
-- Waits are exponential, durations lognormal.
insert into hound.transcode_jobs
select
    'job-' || (extract(epoch from $5::timestamptz) * 1000)::bigint || '-' || i,
    environment,
    'artist-' || artist,
    'release-' || artist * 4 + release,
    'track-' || (extract(epoch from $5::timestamptz) * 1000)::bigint || '-' || i,
    case
        when finished_at <= $5::timestamptz then case when fate < 0.03 then 'failed' else 'completed' end
        when claimed_at <= $5::timestamptz then 'in_progress'
        when attempt > 1 then 'retrying'
        else 'queued'
    end,
    attempt,
    queued_at,
    case when claimed_at <= $5::timestamptz then claimed_at end,
    case when started_at <= $5::timestamptz then started_at end,
    case when finished_at <= $5::timestamptz then finished_at end,
    case when claimed_at <= $5::timestamptz then 'worker-' || worker end,
    case
        when fate < 0.03 and finished_at <= $5::timestamptz then (array[
            'FFMPEG_EXIT_1', 'SOURCE_MISSING', 'OUT_OF_MEMORY', 'TIMEOUT', 'BAD_HEADER', 'DISK_FULL', 'LOUDNESS', 'S3_403'
        ])[code]
    end,
    case when fate < 0.03 and finished_at <= $5::timestamptz then 'the transcoder gave up with code ' || code end
from (
    select
        *,
        queued_at + claim as claimed_at,
        queued_at + claim + start as started_at,
        queued_at + claim + start + exp(0.4 + 0.6 * gauss) * interval '1 minute' as finished_at
    from (
        select
            i,
            $4::timestamptz + ($5::timestamptz - $4::timestamptz) * ((i - 0.5)::float8 / $3::bigint) as queued_at,
            case when random() < 0.8 then 'prod' else 'staging' end as environment,
            floor($6::integer * random() ^ 2)::integer as artist,
            floor(4 * random())::integer as release,
            case when random() < 0.95 then 1 else 2 + floor(3 * random() ^ 2)::integer end as attempt,
            -20 * ln(1 - random()) * interval '1 second' as claim,
            -2 * ln(1 - random()) * interval '1 second' as start,
            sqrt(-2 * ln(1 - random())) * cos(2 * pi() * random()) as gauss,
            1 + floor(20 * random())::integer as worker,
            random() as fate,
            1 + floor(8 * random() ^ 2)::integer as code
        from generate_series($1::bigint, $2::bigint) as i
    ) as drawn
) as timed;

-- name: tracks
-- Tracks from number $1 to $2 of $3, uploaded from $4 up to $5, by $6 artists; most are live minutes later.
insert into hound.tracks
select
    'track-' || (extract(epoch from $5::timestamptz) * 1000)::bigint || '-' || i,
    'release-' || artist * 4 + release,
    'artist-' || artist,
    case when place < 0.8 then 'prod' else 'staging' end,
    case
        when fate < 0.02 then 'rejected'
        when fate < 0.03 then 'withdrawn'
        when live_at <= $5::timestamptz then 'live'
        else 'processing'
    end,
    uploaded_at,
    case when fate >= 0.02 and live_at <= $5::timestamptz then live_at end
from (
    select *, uploaded_at + exp(1.6 + 0.7 * gauss) * interval '1 minute' as live_at
    from (
        select
            i,
            $4::timestamptz + ($5::timestamptz - $4::timestamptz) * ((i - 0.5)::float8 / $3::bigint) as uploaded_at,
            random() as place,
            floor($6::integer * random() ^ 2)::integer as artist,
            floor(4 * random())::integer as release,
            sqrt(-2 * ln(1 - random())) * cos(2 * pi() * random()) as gauss,
            random() as fate
        from generate_series($1::bigint, $2::bigint) as i
    ) as drawn
) as timed;

-- name: requests
-- Rows of API telemetry from number $1 to $2 of $3, each with the requests of a service and route in a minute,
-- from $4 up to $5.
insert into hound.api_requests
select
    date_trunc('minute', $4::timestamptz + ($5::timestamptz - $4::timestamptz) * ((i - 0.5)::float8 / $3::bigint)),
    case when place < 0.8 then 'prod' else 'staging' end,
    case when route <= 8 then 'gateway' else 'functions' end,
    (array[
        '/v1/play', '/v1/search', '/v1/home', '/v1/library', '/v1/artist', '/v1/release', '/v1/queue', '/v1/like',
        'on-upload', 'on-publish', 'on-signup', 'nightly'
    ])[route],
    case when fate < 0.02 then 500 + answer when fate < 0.07 then 400 + answer else 200 end,
    case when fate < 0.07 then 1 + floor(5 * many)::bigint else 1 + floor(400 * many)::bigint end
from (
    select
        i,
        random() as place,
        1 + floor(12 * random() ^ 1.5)::integer as route,
        random() as fate,
        floor(5 * random())::integer as answer,
        random() as many
    from generate_series($1::bigint, $2::bigint) as i
) as drawn;

-- name: beats
-- Heartbeats from number $1 to $2 of $3, of twenty workers in turn, from $4 up to $5; each began anew every other day.
-- $6 is of no meaning here.
insert into hound.worker_heartbeats
select
    'worker-' || 1 + i % 20,
    case when i % 20 < 16 then 'prod' else 'staging' end,
    beat_at,
    $4::timestamptz + floor(extract(epoch from beat_at - $4::timestamptz) / 172800) * interval '2 days' - interval '1 hour'
from (
    select i, $4::timestamptz + ($5::timestamptz - $4::timestamptz) * (i::float8 / $3::bigint) as beat_at
    from generate_series($1::bigint, $2::bigint) as i
    where $6::integer is not null
) as drawn;

-- name: releases
-- Four releases of each artist from number $1 to $2.
insert into hound.releases
select 'release-' || i, 'artist-' || i / 4, 'Release ' || i, 'Artist ' || i / 4
from generate_series($1::bigint, $2::bigint) as i
on conflict do nothing;

-- name: live_jobs
-- Jobs from number $1 to $2 of $3 that finish between $4 and $5, of $6 artists, each minutes after it was queued.
insert into hound.transcode_jobs
select
    'live-' || (extract(epoch from $5::timestamptz) * 1000)::bigint || '-' || i,
    case when place < 0.8 then 'prod' else 'staging' end,
    'artist-' || artist,
    'release-' || artist * 4,
    'track-' || artist * 40,
    case when fate < 0.03 then 'failed' else 'completed' end,
    1,
    finished_at - took - interval '20 seconds',
    finished_at - took - interval '2 seconds',
    finished_at - took,
    finished_at,
    'worker-' || 1 + i % 20,
    case when fate < 0.03 then 'FFMPEG_EXIT_1' end,
    null
from (
    select
        i,
        $4::timestamptz + ($5::timestamptz - $4::timestamptz) * ((i - 0.5)::float8 / $3::bigint) as finished_at,
        exp(0.4 + 0.6 * sqrt(-2 * ln(1 - random())) * cos(2 * pi() * random())) * interval '1 minute' as took,
        random() as place,
        floor($6::integer * random() ^ 2)::integer as artist,
        random() as fate
    from generate_series($1::bigint, $2::bigint) as i
) as drawn;

-- name: live_tracks
-- The tracks that were uploaded five minutes before $1 and up to $2 go live now.
update hound.tracks
set state = 'live', live_at = $2
where environment in ('prod', 'staging')
    and uploaded_at >= $1::timestamptz - interval '5 minutes'
    and uploaded_at < $2::timestamptz - interval '5 minutes'
    and state = 'processing';
