"""
Events and effects can be matched exhaustively: mypy and pyright read this file, too.

One that is added to its union and not handled here is an error of theirs, and of the tests
that count.
"""

from __future__ import annotations

from typing import assert_never, assert_type, get_args

from multichat_proto import (
    BadFrame,
    ChatEvent,
    Connected,
    ConnectFailed,
    Disconnected,
    Gap,
    MemberEntered,
    MemberLeft,
    MsgType,
    MultichatError,
    Reconnected,
    Refused,
    Room,
    RoomError,
    RoomEvent,
    RoomGap,
    RoomJoined,
    RoomLeft,
    RoomLost,
    RoomMessage,
    RoomRejoined,
    Unconfirmed,
    UnknownMessage,
)
from multichat_proto.chat import AsyncChat, AsyncRoom
from multichat_proto.session import (
    AbortConnection,
    CloseConnection,
    Effect,
    Open,
    SendPing,
    SendText,
    Stopped,
)

ONE = Room("1")


def of_room(event: RoomEvent) -> str:
    match event:
        case RoomMessage(room=room, username=username, text=text, msg_type=msg_type):
            assert_type(room, Room)
            assert_type(username, str)
            assert_type(text, str)
            assert_type(msg_type, int)
            assert_type(event.kind, MsgType)
            return "message"
        case UnknownMessage(text=maybe):
            assert_type(maybe, str | None)
            return "unknown"
        case MemberEntered():
            return "entered"
        case MemberLeft():
            return "left"
        case RoomRejoined(since=since, until=until):
            assert_type(since, float)
            assert_type(until, float)
            return "rejoined"
        case RoomLost(error=error):
            assert_type(error, RoomError | None)
            return "lost"
        case Gap(room=maybe_room, dropped=dropped):
            assert_type(maybe_room, Room | None)
            assert_type(dropped, int)
            return "gap"
        case _:
            assert_never(event)


def of_chat(event: ChatEvent) -> str:
    match event:
        case RoomJoined(asked=asked):
            assert_type(asked, bool)
            return "joined"
        case RoomLeft():
            return "we left"
        case Connected():
            return "connected"
        case Disconnected(error=error, retry_in=retry_in):
            assert_type(error, MultichatError)
            assert_type(retry_in, float | None)
            return "disconnected"
        case ConnectFailed(attempt=attempt):
            assert_type(attempt, int)
            return "failed"
        case Reconnected(gaps=gaps):
            assert_type(gaps, tuple[RoomGap, ...])
            return "reconnected"
        case Refused(error=refusal):
            assert_type(refusal, RoomError)
            return "refused"
        case Unconfirmed(text=text):
            assert_type(text, str)
            return "unconfirmed"
        case BadFrame(reason=reason):
            assert_type(reason, str)
            return "bad"
        case _:
            return of_room(event)


def of_effect(effect: Effect) -> str:
    match effect:
        case Open(login=login):
            assert_type(login, bool)
            return "open"
        case SendText(text=text):
            assert_type(text, str)
            return "send"
        case SendPing():
            return "ping"
        case CloseConnection(code=code):
            assert_type(code, int)
            return "close"
        case AbortConnection():
            return "abort"
        case Stopped():
            return "stopped"
        case _:
            assert_never(effect)


async def with_a_chat(chat: AsyncChat) -> AsyncRoom:
    room = await chat.join(1)
    assert_type(await room.send("hi"), RoomMessage)
    assert_type(await chat.wait_for(Reconnected), Reconnected)
    assert_type(await chat.wait_for(lambda event: isinstance(event, Gap)), ChatEvent)
    assert_type(await room.wait_for(RoomLost), RoomLost)
    with room.subscribe() as events:
        assert_type(await events.next(), RoomEvent)
    async for event in chat:
        of_chat(event)
    return room


def test_each_event_has_its_place() -> None:
    assert of_chat(RoomMessage(ONE, "a", "x")) == "message"
    assert of_chat(Connected()) == "connected"
    assert len(get_args(RoomEvent)) == 7
    assert len(get_args(ChatEvent)) == 16
    assert set(get_args(RoomEvent)) < set(get_args(ChatEvent))


def test_each_effect_has_its_place() -> None:
    assert of_effect(Stopped()) == "stopped"
    assert len(get_args(Effect)) == 6
