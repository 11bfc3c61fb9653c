"""Which transcode workers there are."""

FLEET = {
    "prod": ("transcode-a-1", "transcode-a-2", "transcode-a-3"),
    "staging": ("transcode-s-1", "transcode-s-2"),
}

# The one that dies in staging before a newcomer arrives, with jobs in its hands.
LOST = "transcode-s-2"
