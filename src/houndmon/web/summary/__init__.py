"""The summary: the five answers, in one breath, for a person, a bot, or the top of the page.

It has no figure of its own: every one comes from a panel's load, all on one clock.
"""
