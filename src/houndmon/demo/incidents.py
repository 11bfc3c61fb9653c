"""What goes wrong on the demo's Hound: each incident's name, what it does and what an operator should see."""

from dataclasses import dataclass
from datetime import timedelta

from houndmon.core.filters import Environment
from houndmon.demo.fleet import FLEET, LOST
from houndmon.demo.gateway import ACCOUNT, CATALOGUE, NORMAL_RATES, STREAM, ErrorRates
from houndmon.demo.listeners import HEALTHY, IOS_SAFARI, ClientProfile, PlaybackHealth
from houndmon.demo.transcoding import PERMANENT
from houndmon.demo.uploads import REJECTED


@dataclass(frozen=True, slots=True)
class Burst:
    """More uploads than usual: a fixed number and a share of an hour's, so that they show at any hour."""

    uploads: int = 0
    hours: float = 0.0


@dataclass(frozen=True, slots=True)
class IncidentKind:
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
    down: tuple[str, ...] = ()
    claims_stop: bool = False
    jobs_hang: bool = False
    retries_only: bool = False
    late_batch: int = 0
    late_plays_per_second: float = 0.0
    playback: PlaybackHealth = HEALTHY
    replays_times: float = 0.0
    replays_by: ClientProfile | None = None
    trouble: ErrorRates = NORMAL_RATES
    rejected: float = REJECTED
    permanent: float = PERMANENT
    burst: Burst = Burst()


NO_INCIDENT = IncidentKind("health", "All is well", "", "", 0, 0)

# A rest is longer than the rule's window, so that its alert recovers before the next time; that of the
# gateway also keeps the 24 h baseline, of which three times is the threshold, low enough.
_ALL = (
    IncidentKind(
        "ios-safari-decode",
        "iOS Safari playback fails",
        "Playback: the failure ratio of iOS Safari climbs to more than half, all with MEDIA_ERR_DECODE.",
        "playback_failure_ratio",
        seconds=45,
        rest_seconds=24 * 60,
        playback=PlaybackHealth(ios_safari_failed=0.6),
        replays_times=2.0,
        replays_by=IOS_SAFARI,
    ),
    IncidentKind(
        "listeners-leave",
        "Listeners leave before the first sound",
        "Playback: nine of ten give up while they wait and press play again; no play fails, and no error is reported.",
        "playback_abandoned",
        seconds=60,
        rest_seconds=24 * 60,
        playback=PlaybackHealth(abandoned=0.9),
        replays_times=12.0,
    ),
    IncidentKind(
        "plays-late",
        "Players that were offline send their plays",
        "Alerts: plays of the last 20 h arrive now; the counts lack them until they are held against the rows again.",
        "counts_differ",
        seconds=90,
        rest_seconds=30 * 60,
        late_plays_per_second=2.0,
    ),
    IncidentKind(
        "workers-die",
        "The transcode host goes down",
        "Workers: all of prod fall silent and turn missing after 120 s, then come back as new processes.",
        "worker_heartbeat_missing",
        seconds=145,
        rest_seconds=16 * 60,
        down=FLEET["prod"],
    ),
    IncidentKind(
        "gateway-5xx",
        "The gateway answers 5xx",
        "API: a quarter of the answers on two gateway routes are 5xx.",
        "api_5xx_spike",
        seconds=45,
        rest_seconds=35 * 60,
        trouble=ErrorRates((STREAM, CATALOGUE), broken=0.25, times=3.0),
    ),
    IncidentKind(
        "sessions-lost",
        "Every session is refused",
        "API: players ask for the account over and over; nine of ten answers on /v1/me are 401.",
        "api_4xx_spike",
        seconds=45,
        rest_seconds=35 * 60,
        trouble=ErrorRates((ACCOUNT,), refused=0.9, times=20.0),
    ),
    IncidentKind(
        "relation-hidden",
        "A migration takes api_requests away",
        "API: its relation cannot be read; the panel keeps its last figures, marked stale, and the others go on.",
        "source_unreadable",
        seconds=80,
        rest_seconds=20 * 60,
        hidden="api_requests",
    ),
    IncidentKind(
        "queue-stalls",
        "Workers claim no jobs",
        "Queue: an importer's late batch has waited more than 15 min, while the workers beat on.",
        "queue_age",
        seconds=80,
        rest_seconds=10 * 60,
        claims_stop=True,
        late_batch=4,
    ),
    IncidentKind(
        "uploads-rejected",
        "A partner's uploads are rejected",
        "Ingest: the whole delivery is rejected, and unsupported_codec leads the reasons of the last hour.",
        "upload_rejection_ratio",
        seconds=40,
        rest_seconds=75 * 60,
        rejected=1.0,
        burst=Burst(30, 0.35),
    ),
    IncidentKind(
        "transcode-failures",
        "Transcodes fail",
        "Queue: the failure ratio of the last hour climbs above 5 %, with FFMPEG_EXIT_1 on top.",
        "queue_failure_ratio",
        seconds=60,
        rest_seconds=75 * 60,
        permanent=0.6,
        burst=Burst(30, 0.4),
    ),
    IncidentKind(
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

# Some rules look back half an hour or an hour. So staging has stood still for that long when a newcomer arrives: in
# prod it would hide all else.
QUIET_AGE = timedelta(minutes=28)
OPENING_AGE = timedelta(minutes=66)
OPENING = IncidentKind(
    "staging-still",
    "Staging stands still",
    "Staging: no play and no request for half an hour; a dead worker's jobs stay in progress, others retry in vain, "
    "and none is finished.",
    "traffic_absent",
    seconds=8 * 60,
    rest_seconds=0,
    environment="staging",
    scheduled=False,
    mute=True,
    down=(LOST,),
    retries_only=True,
    late_batch=2,
)
