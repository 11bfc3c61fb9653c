"""A simulated Hound: three weeks of history, then listeners, uploads, workers and incidents that go on living."""
