"""The configuration in force, which a signal renews."""

import os
from collections.abc import Mapping
from pathlib import Path

import structlog
from msgspec.structs import replace

from houndmon.config.defaults import DEFAULTS
from houndmon.config.errors import ConfigError
from houndmon.config.load import load, path_of
from houndmon.config.model import Config
from houndmon.config.receivers import Channels

log = structlog.get_logger()


class LiveConfig:
    """Holds the configuration; `problem` says why the file of the last `reload` was refused, if it was.

    `page` is where the page is for who is on this machine: links lead there unless the file says otherwise.
    """

    def __init__(
        self,
        path: Path | None,
        channels: Channels,
        environ: Mapping[str, str] = os.environ,
        page: str = DEFAULTS.public_url,
    ) -> None:
        self.path, self._channels, self._environ, self._page = path, channels, environ, page
        self.current = self._read(path)
        self.problem: str | None = None

    def __call__(self) -> Config:
        """The configuration in force now."""
        return self.current

    def _read(self, path: Path | None) -> Config:
        found = load(path, self._channels, self._environ)
        return replace(found, public_url=self._page) if found.public_url == DEFAULTS.public_url else found

    def reload(self) -> None:
        """Read the file again; one that is refused, or gone, changes nothing."""
        path = self.path or path_of(self._environ)  # a file may have come since the start
        try:
            self.current = self._read(path)
        except ConfigError as error:
            self.problem = str(error)
            log.warning("config_refused", problem=self.problem)
            return
        self.path, self.problem = path, None
        log.info("config_reloaded", path=str(path) if path else None)
