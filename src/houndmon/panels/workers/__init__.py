"""Workers: is anybody working?

Figures: the newest heartbeat of any worker and its age (seconds), `alive` (at most 120 s old), each worker's status,
restarts in 24 h (count), claim-to-start latency p50, p95 and max (seconds), and jobs claimed but not started.
"""
