"""When sessions were used: noted at once, written together and seldom."""

from collections.abc import Collection

import trio
import trio.testing

from multichat_proto.exceptions import StoreUnavailable
from multichat_server.sightings import PAUSE_SECONDS, Sightings


async def test_what_comes_together_is_written_together(mock_clock: trio.testing.MockClock) -> None:
    mock_clock.autojump_threshold = 0
    sightings = Sightings()
    written: list[tuple[float, list[str]]] = []
    begun = trio.current_time()

    async def write(seen: Collection[str]) -> None:
        written.append((trio.current_time() - begun, sorted(seen)))
        if len(written) == 1:
            for credential in ("b", "c", "b"):
                sightings.note(credential)
        if len(written) == 2:
            nursery.cancel_scope.cancel()

    sightings.note("a")
    async with trio.open_nursery() as nursery:
        nursery.start_soon(sightings.run, write)

    assert written == [(0, ["a"]), (PAUSE_SECONDS, ["b", "c"])]


async def test_it_goes_on_when_the_store_was_away(mock_clock: trio.testing.MockClock) -> None:
    mock_clock.autojump_threshold = 0
    sightings = Sightings()
    tried: list[list[str]] = []

    async def write(seen: Collection[str]) -> None:
        tried.append(sorted(seen))
        if len(tried) == 1:
            sightings.note("b")
            raise StoreUnavailable
        nursery.cancel_scope.cancel()

    sightings.note("a")
    async with trio.open_nursery() as nursery:
        nursery.start_soon(sightings.run, write)

    assert tried == [["a"], ["b"]]


async def test_there_is_an_end_to_what_is_remembered() -> None:
    sightings = Sightings()
    counts: list[int] = []

    async def write(seen: Collection[str]) -> None:
        counts.append(len(seen))
        nursery.cancel_scope.cancel()

    for number in range(20_000):
        sightings.note(str(number))
    async with trio.open_nursery() as nursery:
        nursery.start_soon(sightings.run, write)

    assert counts == [10_000]
