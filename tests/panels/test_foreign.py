import re

import pytest

from houndmon.core.clock import SlicedRow
from houndmon.core.series import CountSeries
from houndmon.panels.api.load import REQUESTS
from houndmon.panels.ingest.load import UPLOADS
from houndmon.panels.playback.load import PLAYS

KEPT_AT_HOME = r"is not (true|false|unknown)|is (true|false|unknown)\b|\b(coalesce|greatest|least|nullif|lpad)\("
"""What postgres_fdw of PostgreSQL 15 never sends, or not where no column says in which order text sorts."""


@pytest.mark.parametrize("series", [UPLOADS, PLAYS, REQUESTS], ids=lambda series: series.name)
def test_it_groups_by_what_a_foreign_server_computes(series: CountSeries[SlicedRow]) -> None:
    """Behind a foreign table rows are counted on the far side: one word that is not sent would fetch each of them."""
    outer, inner = series.statement.text.split("from (", 1)
    assert "count(*)" in outer
    assert re.findall(KEPT_AT_HOME, inner) == []
