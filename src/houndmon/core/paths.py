"""Where the files lie that are shipped beside the code."""

from pathlib import Path

PACKAGE = Path(__file__).resolve().parent.parent
CHECKOUT = PACKAGE.parent.parent


def resource(name: str) -> Path:
    """Find a file or folder of the root that is shipped, such as `static`. Raises FileNotFoundError."""
    for root in (PACKAGE, CHECKOUT):  # a wheel carries them inside the package, a checkout at its root
        if (root / name).exists():
            return root / name
    raise FileNotFoundError(f"{name} is missing beside {PACKAGE}: install houndmon again")
