"""Ingest: do uploads arrive, and are they accepted?

Figures: uploads today, in the last hour and in the range (counts); rejected (count) and `rejection_ratio`
(in [0, 1], null without uploads); the commonest rejection reasons with their share of all rejections.
"""
