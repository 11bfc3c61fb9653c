"""The last good answers of an environment: one that cannot be read now is served as it last was, and says so."""

from datetime import datetime

from msgspec.structs import replace

from houndmon.web.summary.answers import Answers, SummaryFigures

FIGURES_OF = {
    "transcodes_failed_today": ("transcode",),
    "oldest_queued_job": ("transcode",),
    "worker_alive": ("liveness",),
    "play_failure_ratio_24h": ("playback",),
    "plays_24h": ("playback",),
    "top_failure_cause": ("transcode", "playback", "ingest"),
}
"""The figures that each answer is drawn from; the top cause is of all three areas, and not to be told of two."""
RELATION_OF = {
    "transcode": "transcode_jobs",
    "liveness": "worker_heartbeats",
    "playback": "play_attempts",
    "ingest": "upload_attempts",
}


class LastAnswers:
    """What was last answered, and when."""

    def __init__(self) -> None:
        self._answers = Answers()
        self._as_of: dict[str, datetime] = {}

    def complete(self, answers: Answers, figures: SummaryFigures) -> tuple[Answers, dict[str, datetime]]:
        """The answers, with the last good ones for those that cannot be read; and the times of the latter."""
        unread = {name for name in FIGURES_OF if is_unread(name, figures)}
        old = {name: self._as_of[name] for name in unread if name in self._as_of}
        found = replace(answers, **{name: getattr(self._answers, name) for name in old})
        self._answers = found
        self._as_of |= {name: figures.now for name in FIGURES_OF if name not in unread}
        return found, old


def is_unread(name: str, figures: SummaryFigures) -> bool:
    """Whether an answer lacks some of its figures; what the source does not have is not missed."""
    return any(getattr(figures, part) is None and RELATION_OF[part] not in figures.absent for part in FIGURES_OF[name])
