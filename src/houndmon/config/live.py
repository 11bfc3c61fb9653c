"""The configuration in force, which a signal renews."""

import os
from collections.abc import Mapping
from pathlib import Path

import structlog

from houndmon.config.errors import ConfigError
from houndmon.config.load import load, path_of
from houndmon.config.model import Config

log = structlog.get_logger()


class LiveConfig:
    """Holds the configuration; `problem` says why the file of the last `reload` was refused, if it was."""

    def __init__(self, path: Path | None, environ: Mapping[str, str] = os.environ) -> None:
        self.path, self._environ = path, environ
        self.current = load(path, environ)
        self.problem: str | None = None

    def __call__(self) -> Config:
        """The configuration in force now."""
        return self.current

    def reload(self) -> None:
        """Read the file again; one that is refused, or gone, changes nothing."""
        path = self.path or path_of(self._environ)  # a file may have come since the start
        try:
            self.current = load(path, self._environ)
        except ConfigError as error:
            self.problem = str(error)
            log.warning("config_refused", problem=self.problem)
            return
        self.path, self.problem = path, None
        log.info("config_reloaded", path=str(path) if path else None)
