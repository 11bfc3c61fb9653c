"""The channel `webhook`: signed JSON to a URL."""
