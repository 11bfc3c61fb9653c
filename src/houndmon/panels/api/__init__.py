"""API: which services and routes answer with errors?

Figures: requests (count), each service's `ratio_4xx` and `ratio_5xx` (in [0, 1]), `client_closed` beside them, and the
ten routes with the most 5xx, then 4xx. Pre-aggregated telemetry counts by its `requests`.
"""
