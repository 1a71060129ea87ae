"""What an error that is kept in an event holds on to: nothing."""

from __future__ import annotations

import asyncio
import gc
import weakref

import pytest

from multichat_proto import (
    Backoff,
    ConnectFailed,
    ConnectionClosed,
    ConnectionFailed,
    Disconnected,
    MultichatError,
    Options,
    Reconnected,
)
from multichat_proto.asyncio import connect
from multichat_proto.exceptions import let_go
from tests.sdk.asyncio.wire import Wire, Wires
from tests.sdk.session_play import Play


def caught(error: MultichatError) -> MultichatError:
    """Return an error as a shell catches it: with frames, a cause and a context."""
    try:
        try:
            raise OSError("the network's own")
        except OSError as exc:
            raise error from exc
    except MultichatError as exc:
        return exc


def holds(error: BaseException | None) -> list[object]:
    assert error is not None
    return [error.__traceback__, error.__cause__, error.__context__]


def test_a_failed_attempt_holds_nothing() -> None:
    play = Play()
    play.go()
    error = caught(ConnectionFailed("connection refused"))
    assert None not in holds(error)

    play.session.open_failed(play.connection, error, play.now)

    [failed] = play.events()
    assert isinstance(failed, ConnectFailed)
    assert failed.error is error
    assert holds(failed.error) == [None, None, None]


def test_a_lost_connection_holds_nothing() -> None:
    play = Play()
    play.open()
    error = ConnectionClosed(1006)
    caught(error)

    play.session.connection_lost(play.connection, error, play.now)

    lost = play.events()[-1]
    assert isinstance(lost, Disconnected)
    assert holds(lost.error) == [None, None, None]


def test_the_end_of_a_session_holds_nothing() -> None:
    play = Play(Options(reconnect=False))
    play.open()
    error = ConnectionClosed(1006)
    caught(error)

    play.session.connection_lost(play.connection, error, play.now)

    assert holds(play.session.failure) == [None, None, None]


def test_an_event_keeps_no_dead_connection_alive() -> None:
    async def story() -> None:
        wires = Wires()
        options = Options(backoff=Backoff(first=0.001))
        async with connect(
            "ws://chat.example/", rooms=[1], transport=wires, options=options
        ) as chat:
            with chat.subscribe() as events:
                dead: weakref.ref[Wire] = weakref.ref(wires.opened[0])
                wires.opened.pop().lose(1006)
                lost = await events.wait_for(Disconnected)
                await events.wait_for(Reconnected)
            gc.collect()
            assert dead() is None, gc.get_referrers(dead())
            assert isinstance(lost.error, ConnectionClosed)

    asyncio.run(story())


@pytest.mark.parametrize("error", [ConnectionFailed("x"), ConnectionClosed(1006)], ids=str)
def test_what_lets_go_says_the_same(error: MultichatError) -> None:
    before = (str(error), error.fault, error.retry)
    let_go(caught(error))
    assert (str(error), error.fault, error.retry) == before
