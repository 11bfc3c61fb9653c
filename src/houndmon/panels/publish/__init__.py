"""Publish: do uploaded tracks go live in time?

Figures: tracks uploaded in the range (count), live in time, late, still waiting, and waiting for longer than the limit
(a pipeline that publishes nothing must not look perfect); the time from upload to live p50, p95 and max (minutes).
"""
