"""Holds what is served against the source's own rows: all of it for `houndmon verify`, some of it each hour."""
