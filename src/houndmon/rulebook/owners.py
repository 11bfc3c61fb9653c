"""The roles that answer for rules and service levels where no file names others."""

TRANSCODE = "transcode on-call"
STREAMING = "streaming on-call"
PLATFORM = "platform on-call"
API = "api on-call"
INGEST = "ingest on-call"
