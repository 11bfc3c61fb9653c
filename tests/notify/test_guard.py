import asyncio
import ipaddress
import socket
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from houndmon.notify.addresses import refusal_reason
from houndmon.notify.webhook.send import send
from notify.conftest import delivery, webhook
from notify.listener import answer, listening

PRIVATE = ["127.0.0.1", "127.255.0.1", "10.0.0.1", "172.16.0.1", "192.168.1.1", "100.64.0.1", "::1", "fd12::1"]
NEVER = [
    "0.0.0.0",
    "169.254.169.254",
    "100.100.100.200",
    "168.63.129.16",
    "224.0.0.1",
    "255.255.255.255",
    "::",
    "fe80::1",
    "fe80::1%eth0",
    "fd00:ec2::254",
    "ff02::1",
    "::ffff:169.254.169.254",
    "64:ff9b::a9fe:a9fe",
    "2002:a9fe:a9fe::1",
]
CARRIED = ["::ffff:127.0.0.1", "::ffff:7f00:1", "::127.0.0.1", "64:ff9b::7f00:1", "2002:7f00:1::", "::ffff:10.0.0.1"]


@pytest.mark.parametrize("address", [*PRIVATE, *NEVER, *CARRIED])
def test_it_refuses_what_is_not_public(address: str) -> None:
    """Private, loopback, link-local, metadata, multicast and all that carries one of them inside."""
    assert refusal_reason(address, allow_private=False)


@pytest.mark.parametrize("address", [*PRIVATE, "::ffff:127.0.0.1", "::ffff:10.0.0.1"])
def test_it_allows_private_ones_where_that_is_said(address: str) -> None:
    """A receiver with allow_private may be a neighbour."""
    assert refusal_reason(address, allow_private=True) is None


@pytest.mark.parametrize("address", NEVER)
def test_it_never_allows_metadata(address: str) -> None:
    """No receiver lives at a link-local, metadata or multicast address."""
    assert refusal_reason(address, allow_private=True)


@pytest.mark.parametrize("address", ["1.1.1.1", "8.8.8.8", "2606:4700:4700::1111", "::ffff:8.8.8.8"])
def test_it_allows_public_ones(address: str) -> None:
    """The internet may be told."""
    assert refusal_reason(address, allow_private=False) is None


@given(st.ip_addresses(v=4))
def test_it_sees_an_address_through_its_disguises(address: ipaddress.IPv4Address) -> None:
    """An IPv4 address and its IPv6 forms are judged alike."""
    number = int(address)
    plain = refusal_reason(str(address), allow_private=False)
    for disguise in (
        f"::ffff:{address}",
        str(ipaddress.IPv6Address((0x0064FF9B << 96) | number)),
        str(ipaddress.IPv6Address((0x2002 << 112) | (number << 80) | 1)),
    ):
        assert (refusal_reason(disguise, allow_private=False) is None) == (plain is None)


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "localhost", "127.1", "2130706433", "0x7f000001", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]"]
)
async def test_it_connects_to_no_loopback_unless_allowed(host: str) -> None:
    """However the address is written or named, it is judged as it is connected to."""
    async with listening(answer(200)) as receiver:
        url = receiver.url.replace("127.0.0.1", host)
        outcome = await send(webhook(url, allow_private=False), delivery())
    assert receiver.connections == 0
    assert outcome.is_for_people
    assert "allow_private" in (outcome.error or "")


async def test_it_refuses_a_name_by_what_it_means(monkeypatch: pytest.MonkeyPatch) -> None:
    """A public name that means a private address is refused; of several addresses the public ones are tried."""
    async with listening(answer(200)) as receiver:
        meanings = ["127.0.0.1"]

        async def getaddrinfo(host: str, port: int, **more: Any) -> list[Any]:
            assert host == "hooks.example.com"
            return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in meanings]

        monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", getaddrinfo)
        url = f"http://hooks.example.com:{receiver.port}/"
        assert not (await send(webhook(url, allow_private=False), delivery())).sent
        assert receiver.connections == 0
        assert (await send(webhook(url, allow_private=True), delivery())).sent
        meanings[:] = ["169.254.169.254", "127.0.0.1"]
        assert (await send(webhook(url, allow_private=True), delivery())).sent
    assert [got.headers["host"] for got in receiver.got] == [f"hooks.example.com:{receiver.port}"] * 2


async def test_it_asks_what_a_name_means_only_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """The address that was checked is the one that is connected to: a name that changes its meaning gains nothing."""
    async with listening(answer(200)) as receiver:
        asked = []

        async def getaddrinfo(host: str, port: int, **more: Any) -> list[Any]:
            asked.append(host)
            address = "127.0.0.2" if len(asked) == 1 else "127.0.0.1"
            return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port))]

        monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", getaddrinfo)
        await send(webhook(f"http://rebind.example.com:{receiver.port}/"), delivery())
    assert (len(asked), receiver.connections) == (1, 0)


async def test_it_says_that_a_name_is_unknown() -> None:
    """A name that does not resolve is a failure, which may pass."""
    outcome = await send(webhook("http://nowhere.invalid/"), delivery())
    assert (outcome.sent, outcome.is_for_people) == (False, False)
