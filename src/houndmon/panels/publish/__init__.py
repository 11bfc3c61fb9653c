"""Publish: do tracks go live in time?

Figures: tracks due in the range (count), live in time, late, still waiting, and overdue for longer than the limit (a
pipeline that publishes nothing must not look perfect); the time from due to live p50, p95 and max (minutes).
"""
