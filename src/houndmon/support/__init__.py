"""Support: where is this release stuck?

From a name to its release or artist; of that one: its tracks with stages and times, its jobs with attempts and
errors, its uploads and its plays (counts of the range), and one sentence that says which stage holds what (minutes).
"""
