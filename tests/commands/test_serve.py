import asyncio
import os
import signal
import time

import pytest

from houndmon.commands.serve import exit_on_sigterm


def test_it_ends_in_order_on_sigterm():
    """What stands in the block is interrupted and may tidy up; then all goes on as if it had ended by itself."""
    before, tidied = signal.getsignal(signal.SIGTERM), []
    with exit_on_sigterm():
        try:
            os.kill(os.getpid(), signal.SIGTERM)
            time.sleep(10)
            tidied.append("never reached")
        finally:
            tidied.append("tidied")
    assert tidied == ["tidied"]
    assert signal.getsignal(signal.SIGTERM) == before


def test_it_cancels_what_runs_in_a_loop():
    """A coroutine is cancelled, as by Ctrl-C: its own roll-backs can still await."""
    seen = []

    async def work():
        os.kill(os.getpid(), signal.SIGTERM)
        try:
            await asyncio.sleep(10)
        except asyncio.CancelledError:
            await asyncio.sleep(0)
            seen.append("rolled back")
            raise

    with exit_on_sigterm():
        asyncio.run(work())
    assert seen == ["rolled back"]


def test_it_ends_where_ctrl_c_is_ignored():
    """A shell lets what runs in its background ignore SIGINT; SIGTERM ends it all the same."""
    before, reached = signal.signal(signal.SIGINT, signal.SIG_IGN), list[str]()
    try:
        with exit_on_sigterm():
            os.kill(os.getpid(), signal.SIGTERM)
            time.sleep(10)
            reached.append("the end")
        assert reached == []
        assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGINT, before)


def test_it_leaves_ctrl_c_alone():
    """Ctrl-C comes out as what it is, and gives its own exit status."""
    with pytest.raises(KeyboardInterrupt), exit_on_sigterm():
        signal.raise_signal(signal.SIGINT)
