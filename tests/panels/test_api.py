from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from factories import BLANK, present
from houndmon.core.clock import Clock, Slices, Window
from houndmon.core.filters import Filters
from houndmon.panels.api.load import load, load_windows
from houndmon.panels.api.model import RequestRow, by_service, count_requests, countable_rows, flaws, top_routes
from strategies import counts, request_rows, split

MONDAY = datetime(2026, 3, 2, tzinfo=UTC)
SLICES = Slices(*(Window(MONDAY.replace(hour=hour)) for hour in (0, 6, 12, 18)))
DAY = Window(MONDAY)


async def test_it_shows_every_figure(hound, show):
    """Requests of each service with the shares of 4xx and 5xx, and the routes with the most 5xx, then 4xx."""
    await hound.requests(requests=90)
    await hound.requests(status_code=404, requests=6)
    await hound.requests(status_code=500, requests=3)
    await hound.requests(status_code=503, requests=1)
    await hound.requests(service="functions", route="/f", status_code=302, requests=10)
    await hound.requests(service="functions", route=None, status_code=429, requests=10)
    await hound.requests(occurred_at="-2d", status_code=500, requests=1000)
    found = await show(load)
    assert found == found | {
        "panel": "api",
        "filters_ignored": [],
        "anomalies": [],
        "stale": False,
        "stale_reason": None,
        "requests": 120,
        "by_service": [
            {
                "service": "gateway",
                "requests": 100,
                "ratio_4xx": 0.06,
                "ratio_5xx": 0.04,
                "errors_4xx": 6,
                "errors_5xx": 4,
                "client_closed": 0,
                "is_rest": False,
            },
            {
                "service": "functions",
                "requests": 20,
                "ratio_4xx": 0.5,
                "ratio_5xx": 0.0,
                "errors_4xx": 10,
                "errors_5xx": 0,
                "client_closed": 0,
                "is_rest": False,
            },
        ],
        "top_routes": [
            {"service": "gateway", "route": "/v1/play", "requests": 100, "errors_4xx": 6, "errors_5xx": 4},
            {"service": "functions", "route": None, "requests": 10, "errors_4xx": 10, "errors_5xx": 0},
            {"service": "functions", "route": "/f", "requests": 10, "errors_4xx": 0, "errors_5xx": 0},
        ],
    }


async def test_it_shows_nothing_where_nothing_is(show):
    """Without requests there is no service and no route."""
    found = await show(load)
    assert (found["requests"], found["by_service"], found["top_routes"], found["anomalies"]) == (0, [], [], [])


@pytest.mark.parametrize(
    ("status_code", "errors_4xx", "errors_5xx"),
    [
        (399, 0, 0),
        (400, 1, 0),
        (459, 1, 0),
        (460, 0, 0),
        (461, 1, 0),
        (498, 1, 0),
        (499, 0, 0),
        (500, 0, 1),
        (599, 0, 1),
        (600, 0, 0),
        (0, 0, 0),
        (-450, 0, 0),
        (4040, 0, 0),
        (2**31 - 1, 0, 0),
    ],
)
async def test_it_tells_errors_by_their_hundred(hound, show, status_code, errors_4xx, errors_5xx):
    """400 to 498 are 4xx but for 460, 500 to 599 are 5xx; any other status is a request and no error."""
    await hound.requests(status_code=status_code)
    service = (await show(load))["by_service"][0]
    assert (service["requests"], service["errors_4xx"], service["errors_5xx"]) == (1, errors_4xx, errors_5xx)


@pytest.mark.parametrize(
    ("range", "start", "before"),
    [
        ("1h", "2026-03-02 11:00", "2026-03-02 10:59:59.999999"),
        ("24h", "2026-03-01 12:00", "2026-03-01 11:59:59.999999"),
        ("7d", "2026-02-23 12:00", "2026-02-23 11:59:59.999999"),
    ],
)
async def test_it_counts_from_the_start_of_its_window_to_five_seconds_ahead(hound, show, range, start, before):
    """A row exactly on the start counts, and one 5 s ahead; one 1 µs before is out, one later lies in the future."""
    await hound.requests(occurred_at=start, requests=2)
    await hound.requests(occurred_at=before, requests=10)
    await hound.requests(occurred_at="+5s", requests=100)
    await hound.requests(occurred_at="+6s", requests=1000, times=3)
    await hound.requests(occurred_at="infinity", requests=1000)
    await hound.requests(occurred_at="20000-01-01Z", requests=1000)
    await hound.requests(occurred_at="-infinity", requests=1000)
    found = await show(load, range=range)
    assert found["requests"] == 102
    assert found["anomalies"] == [{"kind": "future_time", "count": 5}]


async def test_it_never_mixes_environments(hound, show):
    """Each environment has its own requests; rows of any other are an anomaly in both, counted by the row."""
    await hound.requests(requests=2)
    await hound.requests(environment="staging", status_code=500, requests=3)
    for stranger in ("Prod", "", "q", "zz"):
        await hound.requests(environment=stranger, requests=50)
        await hound.requests(environment=stranger, requests=-1, occurred_at="+1h")
        await hound.requests(environment=stranger, occurred_at="-2d")
    strangers = [{"kind": "unknown_environment", "count": 8}]
    prod, staging = await show(load), await show(load, environment="staging")
    assert (prod["requests"], prod["by_service"][0]["errors_5xx"], prod["anomalies"]) == (2, 0, strangers)
    assert (staging["requests"], staging["by_service"][0]["errors_5xx"], staging["anomalies"]) == (3, 3, strangers)


async def test_it_counts_nothing_below_nothing(hound, show):
    """A negative count is an anomaly and in no figure; one of zero is a row that counts nothing."""
    await hound.requests(requests=-1)
    await hound.requests(requests=-(2**63), status_code=500, route="/bad")
    await hound.requests(requests=0, service="idle")
    await hound.requests(requests=5)
    found = await show(load)
    assert (found["requests"], found["anomalies"]) == (5, [{"kind": "unknown_value", "count": 2}])
    services = {service["service"]: service for service in found["by_service"]}
    assert set(services) == {"gateway", "idle"}
    assert (services["idle"]["requests"], services["idle"]["ratio_4xx"], services["idle"]["ratio_5xx"]) == (
        0,
        None,
        None,
    )
    assert "/bad" not in [route["route"] for route in found["top_routes"]]


async def test_it_adds_up_more_than_a_bigint_holds(hound, show):
    """Sums beyond 2^63 are answered, each kind of answer cut at what a bigint holds; their ratios stay ratios."""
    await hound.requests(requests=2**63 - 1)
    assert (await show(load))["requests"] == 2**63 - 1
    await hound.requests(requests=2**63 - 1, times=2)
    await hound.requests(requests=2**63 - 1, status_code=500, times=3)
    await hound.requests(requests=2**63 - 1, status_code=404, times=3)
    found = await show(load)
    service = found["by_service"][0]
    assert service["requests"] == found["requests"] == 3 * (2**63 - 1)
    assert (service["errors_5xx"], service["ratio_4xx"], service["ratio_5xx"]) == (2**63 - 1, 1 / 3, 1 / 3)


async def test_it_lists_ten_routes_of_many(hound, show):
    """The ten routes with the most 5xx, then 4xx, then requests, then by name; a null route is one like others."""
    for number in range(12):
        await hound.requests(route=f"/5xx-{number:02}", status_code=500, requests=number)
    await hound.requests(route="/4xx", status_code=404, requests=1000)
    await hound.requests(route="/fine", requests=10**6)
    await hound.requests(route=None, status_code=500, requests=12)
    await hound.requests(route="/5xx-11", status_code=400, service="functions")
    found = (await show(load))["top_routes"]
    assert [route["route"] for route in found] == [None, *(f"/5xx-{number:02}" for number in range(11, 2, -1))]
    assert found[1] == {"service": "gateway", "route": "/5xx-11", "requests": 11, "errors_4xx": 0, "errors_5xx": 11}


async def test_it_counts_no_null_count(hound, show):
    """A view may give a null count: that is no request, and an anomaly."""
    await hound.conn.execute("alter table hound.api_requests alter requests drop not null")
    await hound.requests(requests=None, status_code=500)
    await hound.requests(requests=3)
    found = await show(load)
    assert (found["requests"], found["by_service"][0]["errors_5xx"]) == (3, 0)
    assert found["anomalies"] == [{"kind": "unknown_value", "count": 1}]


async def test_it_leaves_out_of_ratios_who_hung_up(hound, show):
    """499 and 460 are requests of which only that is counted: they are neither errors nor answers."""
    for status_code, number in ((200, 6), (404, 3), (500, 1), (499, 80), (460, 10)):
        await hound.requests(status_code=status_code, requests=number)
    await hound.requests(service="quiet", route="/q", status_code=499, requests=5)
    found = await show(load)
    assert found["requests"] == 105
    assert found["by_service"] == [
        {
            "service": "gateway",
            "requests": 100,
            "ratio_4xx": 0.3,
            "ratio_5xx": 0.1,
            "errors_4xx": 3,
            "errors_5xx": 1,
            "client_closed": 90,
            "is_rest": False,
        },
        {
            "service": "quiet",
            "requests": 5,
            "ratio_4xx": None,
            "ratio_5xx": None,
            "errors_4xx": 0,
            "errors_5xx": 0,
            "client_closed": 5,
            "is_rest": False,
        },
    ]
    assert [(one["route"], one["requests"], one["errors_4xx"]) for one in found["top_routes"]] == [
        ("/v1/play", 100, 3),
        ("/q", 5, 0),
    ]


async def test_it_never_drops_a_service_without_a_name(hound, show):
    """Null and blank services, in any white space, are `unspecified`; all others stay as written."""
    for blank in BLANK:
        await hound.requests(service=blank, route="/r", status_code=500, requests=2)
    await hound.requests(service="unspecified", route="/r", status_code=500)
    await hound.requests(service=" gateway ")
    found = await show(load)
    assert [(one["service"], one["requests"]) for one in found["by_service"]] == [("unspecified", 13), (" gateway ", 1)]
    assert [(one["service"], one["errors_5xx"]) for one in found["top_routes"]] == [
        ("unspecified", 13),
        (" gateway ", 0),
    ]


async def test_it_lists_fifty_services_and_one_for_all_others(hound, show):
    """The most 5xx are listed first, then 4xx, then requests, then names; all others are the last row, summed up."""
    row = {"occurred_at": "-5m", "environment": "prod", "status_code": 200, "requests": 3}
    await hound.insert("api_requests", [row | {"service": f"host-{n:04}"} for n in range(4000)])
    await hound.requests(service="host-3999", status_code=499, requests=5)
    await hound.requests(service="zz", status_code=404)
    await hound.requests(service="zzz", status_code=500)
    await hound.requests(service="other", requests=4)
    found = (await show(load))["by_service"]
    assert [(one["service"], one["is_rest"]) for one in found] == [
        ("zzz", False),
        ("zz", False),
        ("host-3999", False),
        ("other", False),
        *((f"host-{n:04}", False) for n in range(46)),
        ("other", True),
    ]
    assert (found[-1]["requests"], found[-1]["client_closed"], found[-1]["ratio_5xx"]) == (3953 * 3, 0, 0.0)


async def test_it_breaks_ties_of_routes(hound, show):
    """Equal 5xx: the most 4xx first; equal 4xx: the most requests; then by service and route."""
    for service, route, status_code, number in (
        ("b", "/x", 200, 5),
        ("a", "/y", 200, 5),
        ("a", "/x", 200, 5),
        ("c", "/busy", 200, 6),
        ("c", "/sick", 404, 1),
    ):
        await hound.requests(service=service, route=route, status_code=status_code, requests=number)
    found = (await show(load))["top_routes"]
    order = [(route["service"], route["route"]) for route in found]
    assert order == [("c", "/sick"), ("c", "/busy"), ("a", "/x"), ("a", "/y"), ("b", "/x")]


async def test_it_cannot_tell_artists_apart(hound, show):
    """Requests name no artist: the panel says that it ignored the filters, and shows all."""
    await hound.requests(requests=7)
    found = await show(load, artist_id="artist-7", release_id="r")
    assert (found["requests"], found["filters_ignored"]) == (7, ["artist_id", "release_id"])


async def test_it_reads_several_windows_at_once(hound, snapshot):
    """One read gives each window what it would give alone."""
    await hound.requests(occurred_at="-1m", status_code=500, requests=2)
    await hound.requests(occurred_at="-2h", requests=8)
    clock = Clock(hound.now)
    before = Window(clock.since("24h"), clock.since("5m"))
    found = await load_windows(snapshot(), Filters(), clock.window("5m"), before, clock.window("24h"))
    assert [(one.requests, one.ratio_5xx) for (one,) in found] == [(2, 1.0), (8, 0.0), (10, 0.2)]


@given(request_rows())
def test_it_splits_requests_without_loss(rows):
    """Services sum to all requests; errors are answers; ratios lie in [0, 1] or are null without answers."""
    theirs = countable_rows(rows, SLICES, DAY)
    services = by_service(theirs)
    assert sum(service.requests for service in services) == count_requests(theirs)
    for service in services:
        answered = service.requests - service.client_closed
        assert service.errors_4xx + service.errors_5xx <= answered
        ratios = (service.ratio_4xx, service.ratio_5xx)
        assert all(ratio is None if answered == 0 else 0 <= present(ratio) <= 1 for ratio in ratios)
    routes = top_routes(theirs)
    assert len(routes) <= 10
    assert [(-route.errors_5xx, -route.errors_4xx) for route in routes] == sorted(
        (-route.errors_5xx, -route.errors_4xx) for route in routes
    )
    assert flaws(rows, SLICES, DAY)[None] == sum(row.rows for row in theirs)


@given(st.lists(st.tuples(st.integers(0, 300), st.sampled_from([0, 4, 5, 499]), counts), min_size=40, max_size=80))
def test_it_caps_services_without_loss(answered):
    """However many services there are, the sums of the list are those of all; nobody left out has more 5xx."""
    rows = [RequestRow(1, None, f"host-{name}", None, hundred, number, 1) for name, hundred, number in answered]
    listed = by_service(rows)
    assert [one.is_rest for one in listed] == [False] * min(50, len(listed)) + [True] * (len(listed) - 50)
    assert sum(one.requests for one in listed) == count_requests(rows)
    assert sum(one.errors_4xx for one in listed) == count_requests(rows, 4)
    assert sum(one.errors_5xx for one in listed) == count_requests(rows, 5)
    assert sum(one.client_closed for one in listed) == count_requests(rows, 499)
    shown = {one.service: one.errors_5xx for one in listed if not one.is_rest}
    errors = {row.service: count_requests([other for other in rows if other.service == row.service], 5) for row in rows}
    assert len(shown) == min(50, len(errors))
    assert all(errors[name] <= min(shown.values()) for name in errors if name not in shown)


@given(request_rows(), st.data())
def test_it_gives_the_same_for_rows_in_any_split(rows, data):
    """However the counts are cut and ordered, the figures are the same."""
    one, other = countable_rows(rows, SLICES, DAY), countable_rows(data.draw(split(rows, "requests")), SLICES, DAY)
    assert by_service(one) == by_service(other)
    assert top_routes(one) == top_routes(other)
