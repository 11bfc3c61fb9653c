"""Sends a notification through Apprise.

Its plugins block, and read answers whole: each runs in a process of its own, with limits on time and memory, and
is ended when its time is up.
"""

import asyncio
import os
import sys
from collections.abc import Mapping

import msgspec

from houndmon.config.model import Receiver
from houndmon.notify.apprise.child import Order
from houndmon.notify.apprise.config import AppriseTarget
from houndmon.notify.delivery import SENT, Delivery, Outcome

SECONDS = 15  # less than the lease of the outbox
FAILURES = {
    2: "Apprise cannot read its URL: check it against Apprise's documentation",
    3: "Apprise is not installed: install houndmon[notify]",
    4: "its host is at an address that may not be connected to: see allow_private",
    5: "its URL names several targets: make a receiver of each, so that none is told twice",
}
TYPES = {"recovered": "success", "closed": "info", "test": "info", "overdue": "warning"}


async def send(receiver: Receiver, delivery: Delivery) -> Outcome:
    """Send the title of a notification, and its text without it: a channel shows both."""
    assert isinstance(receiver, AppriseTarget), "the table of channels pairs reader and sender"
    message = delivery.message
    order = Order(
        title=message.title,
        body=message.body,
        type=notify_type(message.kind, message.severity),
        url=receiver.url,
        allow_private=receiver.allow_private,
        seconds=SECONDS,
    )
    return exit_outcome(await run_child(order))


def notify_type(kind: str, severity: str) -> str:
    """The kind of notification in Apprise's words: it becomes a colour or a priority."""
    return TYPES.get(kind) or {"critical": "failure", "warning": "warning"}.get(severity, "info")


def exit_outcome(code: int | None) -> Outcome:
    """What the process's exit code means."""
    if code == 0:
        return SENT
    if code is None:
        return Outcome(sent=False, error=f"it was not done within {SECONDS} s")
    return Outcome(sent=False, error=FAILURES.get(code, "it did not take the message"), is_for_people=code in FAILURES)


async def run_child(order: Order) -> int | None:
    """Run one order in a process of its own; its exit code, None where its time was up."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-P", "-m", "houndmon.notify.apprise.child"),
        stdin=asyncio.subprocess.PIPE,  # not its arguments: the URL is a secret
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
        env=child_environment(os.environ),
        start_new_session=True,
    )
    try:
        async with asyncio.timeout(SECONDS):
            await process.communicate(msgspec.json.encode(order))
        return process.returncode
    except TimeoutError:
        return None
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


def child_environment(environ: Mapping[str, str]) -> dict[str, str]:
    """The environment of that process: our search path; no proxies, no secrets of ours, nobody's netrc."""
    kept = {
        name: value
        for name, value in environ.items()
        if not name.lower().endswith("_proxy") and not name.startswith("HOUNDMON_")
    }
    path = os.pathsep.join(part for part in sys.path if part)
    return kept | {"PYTHONPATH": path, "NO_PROXY": "*", "NETRC": os.devnull}
