"""Requests that wait for news: until it comes, not too long, not too many, and not for nobody."""

import trio
import trio.testing

from multichat_server.waits import LONGEST_WAIT, Waits


async def test_news_ends_the_wait() -> None:
    waits, news = Waits(most=1), trio.Event()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(waits.wait, news, trio.sleep_forever)
        await trio.testing.wait_all_tasks_blocked()
        assert waits.waiting == 1

        news.set()

    assert waits.waiting == 0


async def test_without_news_it_ends_all_the_same(autojump_clock: trio.testing.MockClock) -> None:
    waits = Waits(most=1)

    await waits.wait(trio.Event(), trio.sleep_forever)

    assert autojump_clock.current_time() == LONGEST_WAIT
    assert waits.waiting == 0


async def test_nobody_waits_for_a_client_that_is_gone() -> None:
    waits, gone = Waits(most=1), trio.Event()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(waits.wait, trio.Event(), gone.wait)
        await trio.testing.wait_all_tasks_blocked()

        gone.set()

    assert waits.waiting == 0


async def test_beyond_the_limit_nobody_waits() -> None:
    waits, news = Waits(most=1), trio.Event()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(waits.wait, news, trio.sleep_forever)
        await trio.testing.wait_all_tasks_blocked()

        await waits.wait(trio.Event(), trio.sleep_forever)

        assert waits.waiting == 1
        nursery.cancel_scope.cancel()
    assert waits.waiting == 0
