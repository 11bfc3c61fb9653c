import asyncio

from structlog.testing import capture_logs

from houndmon.core.stopping import drained, is_stopping, pause, stopped


async def losing(cancels: int) -> None:
    """Wait for ever, and lose so many cancels."""
    for _ in range(cancels):
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            continue
    await asyncio.Event().wait()


async def begun(work) -> asyncio.Task[None]:
    """A task that has come to its first wait."""
    task = asyncio.create_task(work)
    await asyncio.sleep(0)
    return task


async def test_it_ends_a_task_that_loses_cancels():
    """A task that swallows three cancels is cancelled a fourth time."""
    task = await begun(losing(3))
    await stopped(task, seconds=60)
    assert task.cancelled()


async def test_it_gives_up_a_task_that_nothing_ends():
    """A task that swallows every cancel holds nobody up: its name stands in the log."""
    may_end = False

    async def defy() -> None:
        while not may_end:
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                continue

    task = await begun(defy())
    task.set_name("stubborn")
    with capture_logs() as lines:
        await stopped(task, seconds=0.01)
    assert [(line["event"], line["task"]) for line in lines] == [("task_not_ended", "stubborn")]
    may_end = True
    await stopped(task, seconds=60)


async def test_it_tells_of_a_task_that_failed():
    """An error that ended a task long before it was stopped is logged, not lost."""

    async def fail() -> None:
        raise RuntimeError("the loop is dead")

    task = await begun(fail())
    with capture_logs() as lines:
        await stopped(task, seconds=1)
    assert [(line["event"], str(line["exc_info"])) for line in lines] == [("task_failed", "the loop is dead")]


async def test_it_remembers_a_cancel_that_was_lost():
    """A loop whose cancel comes as its wait completes, where an old `wait_for` swallows it, takes no other turn."""
    turns, happened = 0, asyncio.Event()

    async def loop() -> None:
        nonlocal turns
        while not is_stopping():
            turns += 1
            try:
                await asyncio.wait_for(happened.wait(), 3600)
            except asyncio.CancelledError:
                assert is_stopping()  # a newer one raises it: then this swallows it
            await pause(3600)

    task = await begun(loop())
    await asyncio.sleep(0)
    happened.set()
    task.cancel()
    await task
    assert turns == 1


async def test_it_keeps_a_time_limit_apart_from_a_stop():
    """A time limit within a task cancels it, too, and is no reason to stop."""
    try:
        async with asyncio.timeout(0):
            await asyncio.Event().wait()
    except TimeoutError:
        assert not is_stopping()
    else:
        raise AssertionError("the limit has passed")


async def test_it_lets_the_last_work_end_over_further_cancels():
    """What a task does as it leaves is done, however often it is cancelled meanwhile."""
    may_end, done = asyncio.Event(), asyncio.Event()

    async def leave() -> None:
        await may_end.wait()
        done.set()

    async def loop() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            await drained(leave(), 60)

    task = await begun(loop())
    for _ in range(3):
        task.cancel()
        await asyncio.sleep(0)
        await asyncio.sleep(0)
    assert not task.done()
    may_end.set()
    await asyncio.wait([task])
    assert done.is_set()
    assert task.cancelled()


async def test_it_cuts_off_the_last_work_once_its_time_is_up():
    """What would take for ever as a task leaves is cut off."""
    task = await begun(drained(losing(0), 0.01))
    await task
