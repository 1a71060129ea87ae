"""Rows about being let in: logins, sessions, handshakes, and how long it is tried."""

from __future__ import annotations

import pytest

from multichat_proto.credentials import Cookies
from multichat_proto.events import (
    Disconnected,
    Reconnected,
)
from multichat_proto.exceptions import (
    ConnectionClosed,
    ConnectionFailed,
    HandshakeRefused,
    LoginFailed,
    LoginRequired,
)
from multichat_proto.options import Options
from multichat_proto.session import SessionState
from tests.sdk.behaviour.stage import Chat, Stage, story


async def _in_a_room(stage: Stage, **arguments: object) -> tuple[Chat, str]:
    name = stage.room()
    return await stage.chat("alice", rooms=[name], **arguments), name


@story("script")
async def a_first_join_may_come_before_the_session(stage: Stage) -> None:
    """MC1-CLIENT-11: ``USER_HAS_TO_LOGIN`` is not believed at once by one who has a session."""
    server = stage.backstage.server
    server.refuse_command("alice", "join", "USER_HAS_TO_LOGIN", times=2)
    credentials = Cookies(server.session("alice"), "alice")

    alice = await stage.chat("alice", credentials=credentials, rooms=[stage.room()])

    assert [room.is_joined for room in alice.rooms.values()] == [True]


@story("log_out")
async def an_ended_session_ends_the_chat(stage: Stage) -> None:
    """MC1-REVOKE-06, MC1-CLOSE-08: 1008 needs a login, and there is no password to do it with."""
    alice, name = await _in_a_room(stage)
    room = await alice.join(name)
    with alice.subscribe() as events:
        stage.backstage.log_out("alice")

        lost = await events.wait_for(Disconnected)
        assert lost.retry_in is None
        with pytest.raises(ConnectionClosed) as closed:
            await events.next()
    assert closed.value.code == 1008
    assert alice.state is SessionState.CLOSED
    with pytest.raises(ConnectionClosed):
        await room.send("hi")
    with pytest.raises(ConnectionClosed):
        async for _ in room:
            pass


@story("log_out", "login", "script")
async def a_password_logs_in_anew(stage: Stage) -> None:
    """With a password the session comes back by itself."""
    alice, name = await _in_a_room(stage, credentials=("alice", stage.backstage.password["alice"]))
    with alice.subscribe() as events:
        stage.backstage.log_out("alice")

        await events.wait_for(Reconnected)
    assert (await (await alice.join(name)).send("hi")).username == "alice"


@story("login")
async def a_password_logs_in(stage: Stage) -> None:
    """The login form, then the handshake with its cookie."""
    alice = await stage.chat("alice", credentials=("alice", stage.backstage.password["alice"]))

    assert alice.username == "alice"
    echo = await (await alice.join(stage.room())).send("hi")
    assert (echo.username, echo.is_own) == ("alice", True)


@story("login")
async def a_wrong_password_is_refused_at_once(stage: Stage) -> None:
    """It is not tried again, and no group of exceptions is raised."""
    with pytest.raises(LoginFailed):
        async with stage.leaving("alice", credentials=("alice", "wrong")):
            pytest.fail("the block was entered")


@story()
async def without_a_session_nothing_can_be_joined(stage: Stage) -> None:
    """MC1-AUTH-02: the handshake is refused, or the connection is anonymous."""
    credentials = Cookies({"sessionid": "0" * 32}, "alice")
    name = stage.room()
    with pytest.raises((LoginRequired, HandshakeRefused)):
        async with stage.leaving("alice", credentials=credentials) as alice:
            await alice.join(name)


@story("script")
async def a_handshake_that_wants_a_login_fails_at_once(stage: Stage) -> None:
    """MC1-AUTH-02: 401 is not tried again."""
    stage.backstage.server.refuse(401)

    with pytest.raises(HandshakeRefused) as refused:
        async with stage.leaving("alice"):
            pytest.fail("the block was entered")

    assert refused.value.status == 401
    assert len(stage.backstage.server.handshakes) == 1


@story("script")
async def a_busy_server_is_tried_until_it_lets_one_in(stage: Stage) -> None:
    """503 passes; so does a connection that is refused."""
    server = stage.backstage.server
    server.refuse(503, times=2)
    server.refuse(ConnectionFailed("refused"), times=2)

    await stage.chat("alice")

    assert len(server.handshakes) == 5


@story("script", "time")
async def the_last_error_is_raised_when_patience_ends(stage: Stage) -> None:
    """``connect_timeout`` bounds all attempts together."""
    stage.backstage.server.refuse(503, times=None)

    with pytest.raises(HandshakeRefused) as refused:
        async with stage.leaving("alice", options=Options(connect_timeout=20.0)):
            pytest.fail("the block was entered")

    assert refused.value.status == 503


@story("down")
async def without_reconnect_the_first_failure_is_raised(stage: Stage) -> None:
    """``Options(reconnect=False)``."""
    async with stage.leaving("alice"):
        pass
    stage.backstage.down("alice")

    with pytest.raises(ConnectionFailed):
        async with stage.leaving("alice", options=Options(reconnect=False)):
            pytest.fail("the block was entered")
