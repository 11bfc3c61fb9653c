"""Requests made from the OpenAPI document, asked of the running service."""

import asyncio
import json
import os
from collections import Counter

import schemathesis
from hypothesis import HealthCheck, given, settings

from houndmon.app import create_app
from houndmon.kit.settings import Settings
from houndmon.web.reference import document

MANY = int(os.environ.get("HOUNDMON_TORTURE", "0"))
SLOW_SECONDS = 5


async def test_it_answers_whatever_its_document_allows(house):
    """Requests generated from the document, right and wrong, get an answer that is no 5xx, and soon."""
    house.app.state.gate.changes.burst = 10**9
    loop, failures, statuses = asyncio.get_running_loop(), [], Counter()
    found = schemathesis.openapi.from_dict(json.loads(document(create_app(Settings(auth="on"), "postgresql://"))))
    operations = [one.ok() for one in found.get_all_operations()]

    def ask(operation):
        strategy = operation.as_strategy()

        @settings(
            max_examples=max(8, MANY // len(operations)),
            deadline=None,
            suppress_health_check=list(HealthCheck),
            database=None,
        )
        @given(strategy)
        def run(case):
            words = case.as_transport_kwargs(base_url="https://houndmon.test")
            words = {
                name: words[name] for name in ("method", "url", "params", "json", "data", "headers") if name in words
            }
            words["headers"] = {"Authorization": f"Bearer {house.tokens['admin']}"}
            answer = asyncio.run_coroutine_threadsafe(client.request(**words), loop).result(SLOW_SECONDS)
            statuses[answer.status_code] += 1
            if answer.status_code >= 500:
                failures.append((words["method"], words["url"], answer.status_code))

        run()

    async with house.client() as client:
        for operation in operations:
            await asyncio.to_thread(ask, operation)
    assert failures == []
    assert statuses[200] > len(operations), statuses
    assert statuses[401] == 0, statuses
    print(statuses.total(), dict(statuses))
