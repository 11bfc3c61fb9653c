"""Tells people: what is written into the outbox with an alert's transition reaches its receivers at least once."""
