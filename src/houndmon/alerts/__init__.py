"""Alerts: what is broken, since when, who owns it, and what people did about it.

The machine fires and recovers an alert; only a person closes it, with three notes. The machine's fields and the
people's notes lie in different tables, so that no evaluation can overwrite a note.
"""
