"""What goes wrong on the demo's Hound: each incident's name, what it does and what an operator should see."""

from dataclasses import dataclass
from datetime import timedelta

from houndmon.demo.gateway import ACCOUNT, CATALOGUE, QUIET, STREAM, Trouble
from houndmon.demo.listeners import HEALTHY, Playback
from houndmon.demo.transcoding import PERMANENT
from houndmon.demo.uploads import REJECTED
from houndmon.kit.filters import Environment


@dataclass(frozen=True, slots=True)
class Burst:
    """More uploads than usual: a fixed number and a share of an hour's, so that they show at any hour."""

    uploads: int = 0
    hours: float = 0.0


@dataclass(frozen=True, slots=True)
class Incident:
    """One kind of incident: how long it lasts, how long it stays away then, and its effects on its environment."""

    name: str
    title: str
    expect: str
    rule: str
    seconds: int
    rest_seconds: int
    environment: Environment = "prod"
    scheduled: bool = True
    mute: bool = False
    hidden: str = ""
    workers_down: bool = False
    claims_stop: bool = False
    jobs_hang: bool = False
    late_batch: int = 0
    playback: Playback = HEALTHY
    ios_safari_times: float = 0.0
    trouble: Trouble = QUIET
    rejected: float = REJECTED
    permanent: float = PERMANENT
    burst: Burst = Burst()


HEALTH = Incident("health", "All is well", "", "", 0, 0)

# A rest is longer than the rule's window, so that its alert recovers before the next time; that of the
# gateway also keeps the 24 h baseline, of which three times is the threshold, low enough.
_ALL = (
    Incident(
        "ios-safari-decode",
        "iOS Safari playback fails",
        "Playback: the failure ratio of iOS Safari climbs to more than half, all with MEDIA_ERR_DECODE.",
        "playback_failure_ratio",
        seconds=45,
        rest_seconds=24 * 60,
        playback=Playback(ios_safari_failed=0.6),
        ios_safari_times=2.0,
    ),
    Incident(
        "workers-die",
        "The transcode host goes down",
        "Workers: all of prod fall silent and turn missing after 120 s, then come back as new processes.",
        "worker_heartbeat_missing",
        seconds=145,
        rest_seconds=16 * 60,
        workers_down=True,
    ),
    Incident(
        "gateway-5xx",
        "The gateway answers 5xx",
        "API: a quarter of the answers on two gateway routes are 5xx.",
        "api_5xx_spike",
        seconds=45,
        rest_seconds=35 * 60,
        trouble=Trouble((STREAM, CATALOGUE), broken=0.25, times=3.0),
    ),
    Incident(
        "sessions-lost",
        "Every session is refused",
        "API: players ask for the account over and over; nine of ten answers on /v1/me are 401.",
        "api_4xx_spike",
        seconds=45,
        rest_seconds=35 * 60,
        trouble=Trouble((ACCOUNT,), refused=0.9, times=20.0),
    ),
    Incident(
        "relation-hidden",
        "A migration takes api_requests away",
        "API: its relation cannot be read; the panel keeps its last figures, marked stale, and the others go on.",
        "source_unreadable",
        seconds=80,
        rest_seconds=20 * 60,
        hidden="api_requests",
    ),
    Incident(
        "queue-stalls",
        "Workers claim no jobs",
        "Queue: an importer's late batch has waited more than 15 min, while the workers beat on.",
        "queue_age",
        seconds=80,
        rest_seconds=10 * 60,
        claims_stop=True,
        late_batch=4,
    ),
    Incident(
        "uploads-rejected",
        "A partner's uploads are rejected",
        "Ingest: the rejection ratio climbs and unsupported_codec leads its reasons; no rule watches it.",
        "",
        seconds=40,
        rest_seconds=8 * 60,
        rejected=0.8,
        burst=Burst(25, 0.15),
    ),
    Incident(
        "transcode-failures",
        "Transcodes fail",
        "Queue: the failure ratio of the last hour climbs above 5 %, with FFMPEG_EXIT_1 on top.",
        "queue_failure_ratio",
        seconds=60,
        rest_seconds=75 * 60,
        permanent=0.6,
        burst=Burst(30, 0.4),
    ),
    Incident(
        "queue-dead",
        "The transcode queue stands still",
        "Queue: after 15 min nothing has finished and the oldest job has waited longer: stalled.",
        "queue_stalled",
        seconds=20 * 60,
        rest_seconds=0,
        scheduled=False,
        claims_stop=True,
        late_batch=2,
        jobs_hang=True,
    ),
)

INCIDENTS = {incident.name: incident for incident in _ALL}

# Some rules look back half an hour. So staging has stood still for that long when a newcomer arrives: in prod it would
# hide all else.
STILL_FOR = timedelta(minutes=28)
OPENING = Incident(
    "staging-still",
    "Staging stands still",
    "Staging: nobody has played for half an hour, and no job has been finished while one waits.",
    "traffic_absent",
    seconds=5 * 60,
    rest_seconds=0,
    environment="staging",
    scheduled=False,
    mute=True,
    claims_stop=True,
    jobs_hang=True,
    late_batch=2,
)
