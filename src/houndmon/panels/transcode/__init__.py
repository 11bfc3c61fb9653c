"""Transcode queue: is the queue moving, and do its jobs succeed?

Figures: jobs by status (counts: the active ones now, the finished ones in the range); the ages of the oldest
queued, retrying and in-progress job (minutes); `stalled`; durations p50, p95 and max (minutes); `failure_ratio`
(in [0, 1]) with its 95 % Wilson interval; how many jobs reached each attempt; the commonest error codes.
"""
