"""What is vendored is what it says it is."""

import hashlib
import re
from pathlib import Path

STATIC = Path(__file__).resolve().parent.parent / "static"


def test_it_ships_the_htmx_that_its_readme_names() -> None:
    """The hash and the version in static/README.md are those of static/htmx.min.js."""
    readme = (STATIC / "README.md").read_text(encoding="utf-8")
    script = (STATIC / "htmx.min.js").read_bytes()
    noted = re.search(r"^- sha256: `([0-9a-f]{64})`$", readme, re.MULTILINE)
    version = re.search(r"^- version: (\S+)$", readme, re.MULTILINE)
    assert noted is not None
    assert noted[1] == hashlib.sha256(script).hexdigest()
    assert version is not None
    assert f'version="{version[1]}"'.encode() in script


def test_it_ships_the_licence_of_htmx() -> None:
    """The licence lies beside the file it covers."""
    assert (STATIC / "htmx.LICENSE").read_text(encoding="utf-8").startswith("Zero-Clause BSD")


def test_it_names_no_other_origin() -> None:
    """Our own files ask no other host for anything."""
    for name in ("houndmon.css", "houndmon.js", "times.js", *(icon.name for icon in STATIC.glob("favicon*.svg"))):
        text = (STATIC / name).read_text(encoding="utf-8").replace("http://www.w3.org/2000/svg", "")
        assert not re.search(r"(https?:)?//[a-z0-9.-]+\.[a-z]", text), name
        assert "@import" not in text, name
