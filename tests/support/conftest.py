"""The whole service, as the tests of the page run it."""

from web.conftest import console

__all__ = ["console"]
