"""The parts that an environment's figures are read in: the relation of each, and the stage that it tells of."""

from typing import Literal, get_args

Stage = Literal["upload", "transcode", "worker", "publish", "play"]
Part = Literal["queue", "playing", "uploading", "requests", "beats", "publishing"]
STAGES: tuple[Stage, ...] = get_args(Stage)
RELATION_OF_PART: dict[Part, str] = {
    "queue": "transcode_jobs",
    "playing": "play_attempts",
    "uploading": "upload_attempts",
    "requests": "api_requests",
    "beats": "worker_heartbeats",
    "publishing": "tracks",
}
"""The one relation that each part is read from."""
STAGE_OF_PART: dict[Part, Stage | None] = {
    "queue": "transcode",
    "playing": "play",
    "uploading": "upload",
    "requests": None,  # a layer below the stages
    "beats": "worker",
    "publishing": "publish",
}
RELATIONS_OF_STAGE: dict[Stage, frozenset[str]] = {
    stage: frozenset(RELATION_OF_PART[part] for part, of in STAGE_OF_PART.items() if of == stage) for stage in STAGES
}
STAGE_OF_RELATION: dict[str, Stage] = {
    relation: stage for part, relation in RELATION_OF_PART.items() if (stage := STAGE_OF_PART[part])
}
