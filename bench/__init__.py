"""Measures the console under load: every figure beside what it should be, all of one run."""
