"""houndmon: the operator console of a music platform, on one page and over one API."""

__version__ = "0.2.0"
