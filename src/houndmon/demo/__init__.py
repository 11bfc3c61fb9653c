"""A simulated Hound: a week of history, then listeners, uploads, workers and incidents that go on living."""
