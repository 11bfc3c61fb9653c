"""Requests made from the OpenAPI document, asked of the running service."""

import asyncio
import gc
import json
import os
import resource
from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis

from access.flood import Flood, generated, mixed
from houndmon.access import tokens
from houndmon.app import create_app
from houndmon.core.settings import Settings
from houndmon.web.dependencies import services_of
from houndmon.web.reference import openapi_document

pytestmark = pytest.mark.long

MANY = 100_000 if os.environ.get("HOUNDMON_TORTURE") == "1" else 20_000
PARTS = 4  # so that several processes can share the work
MOST_GROWTH_KB = 64 * 1024
DOCUMENT = json.loads(openapi_document(create_app(Settings(auth="on"), "postgresql://")))
FOUND: Iterator[Any] = schemathesis.openapi.from_dict(DOCUMENT).get_all_operations()
OPERATIONS = [one.ok() for one in FOUND]


@pytest.mark.parametrize("part", range(PARTS))
async def test_it_answers_whatever_its_document_allows(house, part):
    """Thousands of requests, right and wrong, get an answer that is no 5xx but a documented 503, with its headers."""
    services_of(house.app).auth_state.changes.burst = 10**9
    # Out of reach of the ids that are tried: the flood shall not revoke what it comes in by.
    await house.conn.execute("alter table houndmon.tokens alter column id restart with 900000000000000000")
    token = (await tokens.create_token(house.conn, "the flood", "admin", 90)).token
    flood, each = Flood(house.app, f"Bearer {token}"), MANY // len(OPERATIONS) + 1
    before = 0
    operations = OPERATIONS[part::PARTS]
    for number, operation in enumerate(operations):
        cases = await asyncio.to_thread(generated, operation, max(20, each // 10))
        allows_503 = "503" in operation.definition.raw["responses"]
        await flood.run(mixed(cases, each, number), allows_503)
        if number == len(operations) // 2:
            gc.collect()
            before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(f"part {part}: {flood.statuses.total()} requests, {dict(flood.statuses)}")
    assert flood.failures == []
    assert flood.bare == []
    assert flood.statuses.total() >= MANY // PARTS * 0.8
    assert flood.statuses[200] > len(operations)
    assert flood.statuses[401] == 0
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < MOST_GROWTH_KB


def test_it_asks_every_operation_often_enough():
    """The parts together are the whole document, and make the promised number of requests."""
    assert sum(len(OPERATIONS[part::PARTS]) for part in range(PARTS)) == len(OPERATIONS) > 30
    assert (MANY // len(OPERATIONS) + 1) * len(OPERATIONS) >= MANY
