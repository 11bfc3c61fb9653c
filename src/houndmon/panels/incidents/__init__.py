"""Incidents: what happened lately?

The newest 20 events of an environment, whatever the range: alerts that fired, recovered or were closed, and what
people and other tools reported, each with its service area, severity, impact and a link.
"""
