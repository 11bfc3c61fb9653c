"""Stretches the deadlines of production, so that a busy machine fails no test.

All by one factor: which of them comes first stays as it is. A test that is about a deadline sets its own. Hypothesis'
deadlines are off: it tries the same cases on every run; HYPOTHESIS_PROFILE=search looks for new ones, and for longer.
"""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module

import pytest
from hypothesis import HealthCheck, settings

SLOW = [HealthCheck.too_slow]
settings.register_profile("house", deadline=None, derandomize=True, suppress_health_check=SLOW)
settings.register_profile("search", deadline=None, max_examples=5000, suppress_health_check=SLOW)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "house"))

FACTOR = 20
HANG_SECONDS = 180.0  # after which something hangs, however busy the machine is
DEADLINES = {
    "houndmon.access.oidc": ("DEADLINE_SECONDS", "CALL_SECONDS"),
    "houndmon.alerts.chart_notes": ("MARKS_SECONDS",),
    "houndmon.alerts.store": ("GONE_SECONDS",),
    "houndmon.core.connections": ("CALL_SECONDS", "CONNECT_SECONDS"),
    "houndmon.core.flawed_rows": ("LOOK_SECONDS",),
    "houndmon.core.panel_cache": ("DEADLINE_SECONDS", "LONG_DEADLINE_SECONDS", "LOOK_WAIT_SECONDS"),
    "houndmon.core.source": ("COLUMNS_PATIENCE_SECONDS", "PLACE_SECONDS"),
    "houndmon.core.state_database": ("QUICK_READ_SECONDS", "WRITE_WAIT_SECONDS"),
    "houndmon.counts.fill": ("PAST_SECONDS", "STATEMENT_SECONDS"),
    "houndmon.counts.read": ("READ_WAIT_SECONDS",),
    "houndmon.counts_check.sampling": ("STATEMENT_SECONDS",),
    "houndmon.evaluator.value_cache": ("VALUE_WAIT_SECONDS",),
    "houndmon.evaluator.ticks": ("LATE_SECONDS",),
    "houndmon.notify.apprise.send": ("SECONDS",),
    "houndmon.notify.client": ("CONNECT_SECONDS", "DEADLINE_SECONDS"),
    "houndmon.notify.heartbeat": ("DEADLINE_SECONDS",),
    "houndmon.notify.sender": ("CHANNEL_SECONDS", "DATABASE_SECONDS"),
    "houndmon.panels.workers.arrivals": ("PATIENCE_SECONDS",),
    "houndmon.source_check.inspection": ("CATALOGUE_SECONDS",),
    "houndmon.web.health": ("LIMIT_SECONDS",),
    "houndmon.web.page": ("ALERTS_WAIT_SECONDS", "FETCH_SECONDS"),
}


@contextmanager
def stretched(factor: float = FACTOR) -> Iterator[None]:
    """Multiply the deadlines, also where a module has imported one by its name."""
    with pytest.MonkeyPatch.context() as patch:
        for home, names in DEADLINES.items():
            for name in names:
                was = getattr(import_module(home), name)
                longer = was * factor
                for module in [one for key, one in sys.modules.items() if key.startswith("houndmon")]:
                    if vars(module).get(name) is was:
                        patch.setattr(module, name, longer)
        yield


@pytest.fixture(scope="session", autouse=True)
def patient() -> Iterator[None]:
    """Let production's deadlines be long."""
    with stretched():
        yield


@pytest.fixture
def production_deadlines(patient: None) -> Iterator[None]:
    """Give a test that is about deadlines those of production."""
    with stretched(1 / FACTOR):
        yield
