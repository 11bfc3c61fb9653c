"""One HTTP request to a receiver that may be slow, endless or hostile.

No redirects, no proxies of the environment, no cookies, no decompression, a new connection each time; the address
is checked as it is connected to, so that a name cannot change its meaning in between.
"""

import asyncio
import base64
import logging
import socket
import ssl
import time
from collections.abc import Iterable
from contextlib import suppress
from datetime import datetime
from email.utils import parsedate_to_datetime
from functools import cache
from urllib.parse import unquote_to_bytes

import httpcore
import httpx
import msgspec

from houndmon import __version__
from houndmon.core.problems import HoundmonError
from houndmon.notify.addresses import refusal_reason

DEADLINE_SECONDS = 10.0
CONNECT_SECONDS = 4.0  # an address; a name may have several, and the first may be dead
DRAIN_SECONDS = 1.0
MOST_BYTES = 64 * 1024

for chatty in ("httpcore", "httpx"):
    logging.getLogger(chatty).setLevel("WARNING")  # they log hosts, URLs and headers, where secrets lie


class Answer(msgspec.Struct, frozen=True):
    """What a receiver answered."""

    status: int
    retry_after_seconds: float | None


class Unreachable(HoundmonError):
    """There was no answer; the text says why, and names neither URL nor address."""

    def __init__(self, text: str, *, is_for_people: bool = False) -> None:
        super().__init__(text)
        self.is_for_people = is_for_people


class GuardedBackend(httpcore.AsyncNetworkBackend):
    """Connects to addresses that are allowed, and to no others."""

    def __init__(self, *, allow_private: bool) -> None:
        self._allow_private, self._under = allow_private, httpcore.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 -- httpcore's own signature
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """Resolve a name, check what it means, and connect to that very address. Raises Unreachable."""
        failure: Exception | None = None
        for address in allowed_addresses(await resolve_host(host, port), allow_private=self._allow_private):
            try:
                return await self._under.connect_tcp(address, port, CONNECT_SECONDS, local_address, socket_options)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failure = error
        assert failure, "there is at least one address"
        raise failure


async def resolve_host(host: str, port: int) -> list[str]:
    """The addresses of a name. Raises Unreachable."""
    try:
        found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        raise Unreachable("its name cannot be resolved: check the host of its URL") from None
    return list(dict.fromkeys(str(one[4][0]) for one in found))


def allowed_addresses(addresses: list[str], *, allow_private: bool) -> list[str]:
    """Those that may be connected to. Raises Unreachable where there are none."""
    refused = {address: refusal_reason(address, allow_private=allow_private) for address in addresses}
    good = [address for address, why in refused.items() if why is None]
    if not good:
        raise Unreachable(f"its host is {next(iter(refused.values()), 'unknown')}", is_for_people=True)
    return good


async def send_request(
    method: str,
    url: str,
    *,
    headers: dict[str, str] | None = None,
    body: bytes = b"",
    allow_private: bool,
    deadline_seconds: float | None = None,
) -> Answer:
    """Send a request; whatever comes after the status cannot change what it said. Raises Unreachable."""
    request, limit = build_request(method, url, headers or {}, body), deadline_seconds or DEADLINE_SECONDS
    answer: Answer | None = None
    pool = httpcore.AsyncConnectionPool(
        ssl_context=tls_context(), network_backend=GuardedBackend(allow_private=allow_private)
    )
    try:
        async with asyncio.timeout(limit), pool:
            response = await pool.handle_async_request(request)
            answer = read_answer(response)
            await drain(response)
    except TimeoutError:
        if answer is None:
            raise Unreachable(f"it did not answer within {limit:g} s") from None
    except (httpcore.NetworkError, httpcore.TimeoutException, httpcore.ProtocolError, OSError) as error:
        if answer is None:
            raise Unreachable(failure_text(error)) from None
    assert answer is not None
    return answer


def build_request(method: str, url: str, headers: dict[str, str], body: bytes) -> httpcore.Request:
    """The request as it goes over the wire. Raises Unreachable for a URL that cannot be used."""
    try:
        target = httpx.URL(url)
    except (httpx.InvalidURL, TypeError, ValueError):
        target = httpx.URL("")
    if target.scheme not in ("http", "https") or not target.host:
        raise Unreachable("its URL must be http://… or https://…", is_for_people=True)
    sent = {"Host": target.netloc.decode(), "User-Agent": f"houndmon/{__version__}", "Accept": "*/*"} | headers
    if method != "GET":
        sent["Content-Length"] = str(len(body))
    if target.userinfo:
        user, _, password = target.userinfo.partition(b":")
        plain = unquote_to_bytes(user) + b":" + unquote_to_bytes(password)
        sent["Authorization"] = f"Basic {base64.b64encode(plain).decode()}"
    where = httpcore.URL(scheme=target.raw_scheme, host=target.raw_host, port=target.port, target=target.raw_path)
    return httpcore.Request(method, where, headers=list(sent.items()), content=body)


@cache
def tls_context() -> ssl.SSLContext:
    """Certificates as SSL_CERT_FILE or SSL_CERT_DIR say, else those that come with httpx."""
    return httpx.create_ssl_context()


def read_answer(response: httpcore.Response) -> Answer:
    """What an answer says before its body."""
    headers = {name.lower(): value.decode("latin-1") for name, value in response.headers}
    return Answer(response.status, retry_after_seconds(headers.get(b"retry-after"), headers.get(b"date")))


def retry_after_seconds(asked: str | None, date: str | None) -> float | None:
    """What `Retry-After` asks for, in seconds; a time is read against the receiver's own clock where it shows it."""
    if asked is None:
        return None
    if asked.strip().isascii() and asked.strip().isdigit():
        return float(asked.strip()[:12])
    until, now = http_date(asked), http_date(date) if date else None
    if until is None:
        return None
    return max(0.0, until.timestamp() - (now.timestamp() if now else time.time()))


def http_date(text: str) -> datetime | None:
    """A time as HTTP writes it; None for anything else."""
    try:
        return parsedate_to_datetime(text)
    except (ValueError, OverflowError):
        return None


async def drain(response: httpcore.Response) -> None:
    """Read a little of the body and close: a polite receiver sees its answer taken, another is cut off."""
    with suppress(TimeoutError):
        async with asyncio.timeout(DRAIN_SECONDS):
            size = 0
            async for chunk in response.aiter_stream():
                size += len(chunk)
                if size > MOST_BYTES:
                    break
    await response.aclose()


def failure_text(error: Exception) -> str:
    """Why there was no answer, in words that give nothing away."""
    match error:
        case httpcore.ConnectTimeout():
            return "it cannot be connected to: no answer"
        case httpcore.ConnectError() if isinstance(cause_of(error), ssl.SSLError):
            return "no secure connection can be made: check its certificate"
        case httpcore.ConnectError():
            return "it cannot be connected to"
        case httpcore.ProtocolError():
            return "it hung up, or its answer is no HTTP"
    return "the connection broke"


def cause_of(error: BaseException) -> BaseException:
    """The first cause of an error."""
    while error.__cause__ or error.__context__:
        error = error.__cause__ or error.__context__ or error
    return error
