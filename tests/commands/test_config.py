import tomllib
from pathlib import Path

from houndmon.__main__ import main

ROOT = Path(__file__).parents[2]


def test_it_prints_the_example(capsys) -> None:
    """The example comes out as it is shipped, byte for byte, so that it can be sent into a file."""
    assert main(["config", "example"]) == 0
    assert capsys.readouterr().out == (ROOT / "houndmon.example.toml").read_text(encoding="utf-8")


def test_it_prints_what_check_accepts(capsys, tmp_path: Path, monkeypatch) -> None:
    """What it prints is a configuration that means the defaults."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOUNDMON_DATA_DIR", str(tmp_path / "data"))
    for name in ("CONFIG", "DATABASE_URL", "SOURCE_URL"):
        monkeypatch.delenv(f"HOUNDMON_{name}", raising=False)
    assert main(["config", "example"]) == 0
    file = tmp_path / "houndmon.toml"
    file.write_text(capsys.readouterr().out, encoding="utf-8")
    assert set(tomllib.loads(file.read_text())["slos"]) >= {"upload_to_live", "playback_success"}
    assert main(["check"]) == 0
    assert "configuration: houndmon.toml: accepted" in capsys.readouterr().out
