"""Playback: can listeners play, and if not, who and why?

Figures: attempts and failed (counts, over the range and always over 24 h), `failure_ratio` (in [0, 1]) with its
95 % Wilson interval, blocked and aborted beside them; `abandoned_ratio`, who left before the first sound, likewise; the
commonest error codes; failures by client, iOS Safari first.
"""
