from collections.abc import Callable
from pathlib import Path

import pytest

from houndmon.config.load import load
from houndmon.config.model import Config
from houndmon.notify.channels import CHANNELS

Loads = Callable[..., Config]


@pytest.fixture
def loads(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Loads:
    """Loads a text as if it were houndmon.toml in the working directory."""
    monkeypatch.chdir(tmp_path)

    def loads(text: str, **environ: str) -> Config:
        Path("houndmon.toml").write_text(text, encoding="utf-8")
        return load(Path("houndmon.toml"), CHANNELS, environ)

    return loads
