"""Counts: what the relations' rows come to, minute by minute, so that no answer reads a week of rows.

A panel's grouped statement is used three ways. Run over past minutes it fills the counts; over the last minutes it is
the live tail; with a support filter it answers by itself. All three give the same rows, and panels fold them.
"""
