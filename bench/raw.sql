-- name: ingest
-- $1 environment, $2 the first instant, $3 the last, as in every statement here.
select outcome, rejection_reason, count(*) as n
from hound.upload_attempts
where environment = $1 and occurred_at >= $2::timestamptz and occurred_at <= $3::timestamptz
group by outcome, rejection_reason;

-- name: transcode
-- The jobs by status, attempt and error.
select status, attempt, error_code, count(*) as n
from hound.transcode_jobs
where environment = $1
    and queued_at <= $3::timestamptz
    and (finished_at >= $2::timestamptz and finished_at <= $3::timestamptz or status in ('queued', 'in_progress', 'retrying'))
group by status, attempt, error_code;

-- name: transcode_durations
-- How long the completed ones took.
select
    percentile_disc(array[0.5, 0.95]) within group (order by extract(epoch from finished_at - started_at)::float8 / 60) as minutes,
    count(*) as n
from hound.transcode_jobs
where environment = $1
    and status = 'completed'
    and finished_at >= $2::timestamptz
    and finished_at <= $3::timestamptz;

-- name: workers
-- The processes, and when each last beat.
select worker_id, process_started_at, max(beat_at) as last_beat_at, count(*) as n
from hound.worker_heartbeats
where environment = $1 and beat_at >= $2::timestamptz and beat_at <= $3::timestamptz
group by worker_id, process_started_at;

-- name: workers_claims
-- How long jobs waited from claim to start.
select
    percentile_disc(array[0.5, 0.95]) within group (order by extract(epoch from started_at - claimed_at)::float8) as seconds,
    count(*) as n
from hound.transcode_jobs
where environment = $1 and started_at >= $2::timestamptz and started_at <= $3::timestamptz;

-- name: publish
-- The tracks by state, and those live within ten minutes.
select state, live_at is null as is_waiting, live_at <= uploaded_at + interval '10 minutes' as in_time, count(*) as n
from hound.tracks
where environment = $1 and uploaded_at >= $2::timestamptz and uploaded_at <= $3::timestamptz
group by 1, 2, 3;

-- name: publish_durations
-- How long they took to go live.
select
    percentile_disc(array[0.5, 0.95]) within group (order by extract(epoch from live_at - uploaded_at)::float8 / 60) as minutes,
    count(live_at) as n
from hound.tracks
where environment = $1
    and uploaded_at >= $2::timestamptz
    and uploaded_at <= $3::timestamptz
    and state not in ('rejected', 'withdrawn');

-- name: playback
-- The plays by outcome, client and error.
select outcome, platform, browser, error_code, count(*) as n
from hound.play_attempts
where environment = $1 and occurred_at >= $2::timestamptz and occurred_at <= $3::timestamptz
group by outcome, platform, browser, error_code;

-- name: api
-- The requests by service, route and hundred.
select service, route, status_code / 100 as hundred, sum(requests)::bigint as n
from hound.api_requests
where environment = $1 and occurred_at >= $2::timestamptz and occurred_at <= $3::timestamptz
group by 1, 2, 3;
