"""A Hound at NOW as the panels' tests have it, and the whole service as the page's tests run it."""

from panels.conftest import hound, snapshot
from web.conftest import console

__all__ = ["console", "hound", "snapshot"]
