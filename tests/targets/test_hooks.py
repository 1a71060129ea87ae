"""Each hook of each target does what it says; what it does is looked at through the chat."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from itertools import count

import pytest

from tests.targets.chat import Chat, open_chat
from tests.targets.target import RunningTarget

NUMBERS = count(1)


@pytest.fixture
def user(target: RunningTarget) -> Iterator[str]:
    """The name of a user that is this test's own."""
    name = f"user-{next(NUMBERS)}"
    target.passwords[name] = f"{name}-demo"
    target.pull("create_user", username=name, password=target.passwords[name])
    yield name
    target.pull("delete_user", username=name)


@pytest.fixture
def chat(target: RunningTarget, user: str) -> Iterator[Chat]:
    """That user's connection."""
    with open_chat(target, target.log_in(user)) as chat:
        yield chat


@pytest.fixture
def room(target: RunningTarget) -> Iterator[str]:
    """A room that is this test's own."""
    room: str = target.pull("create_room", title="a room")["room"]
    yield room
    target.pull("delete_room", room=room)


def test_staff_rights_are_given_and_taken(target: RunningTarget, user: str, chat: Chat) -> None:
    denied = chat.asks("join", "3")
    target.pull("make_staff", username=user)
    joined = chat.asks("join", "3")
    chat.says("leave", "3")
    left = [chat.hears(), chat.hears()]
    target.pull("make_plain", username=user)

    assert denied == {"error": "ROOM_ACCESS_DENIED"}
    assert joined == {"join": "3", "title": "staff room"}
    assert left[1] == {"leave": "3"}
    assert chat.asks("join", "3") == {"error": "ROOM_ACCESS_DENIED"}


def test_a_user_is_deactivated_and_activated(target: RunningTarget, user: str, chat: Chat) -> None:
    target.pull("deactivate", username=user)
    refused = chat.asks("join", "1")
    status = target.try_log_in(user, target.passwords[user]).status
    target.pull("activate", username=user)

    assert refused == {"error": "USER_HAS_TO_LOGIN"}
    assert status != 302
    assert target.try_log_in(user, target.passwords[user]).status == 302


def test_a_user_is_renamed(target: RunningTarget, user: str, chat: Chat) -> None:
    chat.asks("join", "2")
    target.pull("rename_user", username=user, to="Zoë")
    said = chat.asks("send", "2", message="hi")
    target.pull("rename_user", username="Zoë", to=user)

    assert said == {"room": "2", "message": "hi", "username": "Zoë", "msg_type": 0}


def test_a_password_is_changed(target: RunningTarget, user: str) -> None:
    target.pull("change_password", username=user, password="another one")

    assert target.try_log_in(user, target.passwords[user]).status != 302
    assert target.try_log_in(user, "another one").status == 302


def test_a_user_is_created_and_deleted(target: RunningTarget) -> None:
    target.pull("create_user", username="eve", password="eve-demo")
    before = target.try_log_in("eve", "eve-demo").status
    target.pull("delete_user", username="eve")

    assert before == 302
    assert target.try_log_in("eve", "eve-demo").status != 302


def test_a_room_is_created_and_deleted(target: RunningTarget, chat: Chat) -> None:
    room = target.pull("create_room", title="<i>новая</i> 😀")["room"]
    joined = chat.asks("join", room)
    chat.says("leave", room)
    left = [chat.hears(), chat.hears()]
    target.pull("delete_room", room=room)

    assert joined == {"join": room, "title": "<i>новая</i> 😀"}
    assert left[1] == {"leave": room}
    assert chat.asks("join", room) == {"error": "ROOM_INVALID"}


def test_a_room_is_closed_and_opened(target: RunningTarget, room: str, chat: Chat) -> None:
    target.pull("make_staff_room", room=room)
    denied = chat.asks("join", room)
    target.pull("make_open_room", room=room)

    assert denied == {"error": "ROOM_ACCESS_DENIED"}
    assert chat.asks("join", room) == {"join": room, "title": "a room"}


@pytest.mark.parametrize("msg_type", [1, 2, 3, 6])
def test_an_announcement_is_heard(
    target: RunningTarget, room: str, chat: Chat, msg_type: int
) -> None:
    """Also by one who is not who it is from."""
    chat.asks("join", room)
    target.pull("announce", room=room, type=msg_type, text="Fire 🔥", username="bob")

    assert chat.hears() == {
        "room": room,
        "message": "Fire 🔥",
        "username": "bob",
        "msg_type": msg_type,
    }


@pytest.mark.parametrize("msg_type", [-1, 0, 4, 5])
def test_a_type_that_has_another_meaning_is_refused(target: RunningTarget, msg_type: int) -> None:
    body = f'{{"room": "1", "type": {msg_type}, "text": "x", "username": "bob"}}'
    answer = target.post("announce", body.encode())

    assert answer.status == 422
    assert answer.text == f"message type {msg_type} is not one for announcements\n"


def test_a_session_expires(target: RunningTarget, user: str) -> None:
    session = target.log_in(user)
    before = target.request("GET", "/", cookies={"sessionid": session}).status
    target.pull("expire_session", session=session)
    after = target.request("GET", "/", cookies={"sessionid": session})

    assert before == 200
    assert after.status in (302, 303)
    assert (after.headers["Location"] or "").startswith("/accounts/login/")


def test_the_store_goes_away_and_comes_back(target: RunningTarget, user: str, chat: Chat) -> None:
    """Pulled twice it is as gone, or as back, as before."""
    cookies = {"sessionid": target.log_in(user)}
    target.pull("store_away")
    target.pull("store_away")
    refused = target.post("make_staff", b'{"username": "alice"}')
    if target.name == "original":
        # It answers nothing then: its page for errors fails, too.
        with pytest.raises(sqlite3.OperationalError, match="unable to open database file"):
            sqlite3.connect(target.ready["database"])
    else:
        assert target.request("GET", "/", cookies=cookies).status >= 500
    target.pull("store_back")
    target.pull("store_back")

    assert refused.status == 503
    assert target.request("GET", "/", cookies=cookies).status == 200
    assert chat.asks("leave", "9001") == {"error": "ROOM_INVALID"}


@pytest.mark.parametrize(
    ("hook", "body", "sentence"),
    [
        ("make_staff", '{"username": "nobody"}', "there is no user nobody"),
        ("deactivate", '{"username": "nobody"}', "there is no user nobody"),
        ("rename_user", '{"username": "nobody", "to": "x"}', "there is no user nobody"),
        ("change_password", '{"username": "nobody", "password": "x"}', "there is no user nobody"),
        ("delete_user", '{"username": "nobody"}', "there is no user nobody"),
        ("make_staff_room", '{"room": "9001"}', "there is no room 9001"),
        ("delete_room", '{"room": "9001"}', "there is no room 9001"),
        ("expire_session", '{"session": "none"}', "there is no such session"),
    ],
)
def test_what_is_not_there_is_said(
    target: RunningTarget, hook: str, body: str, sentence: str
) -> None:
    answer = target.post(hook, body.encode())

    assert (answer.status, answer.text) == (422, sentence + "\n")


@pytest.mark.parametrize(
    ("hook", "body"),
    [
        ("rename_user", '{"username": "alice", "to": "bob"}'),
        ("create_user", '{"username": "alice", "password": "x"}'),
        ("delete_room", '{"room": "9999999999999999999"}'),
    ],
)
def test_what_cannot_be_done_is_refused(target: RunningTarget, hook: str, body: str) -> None:
    """And the next one is answered."""
    assert target.post(hook, body.encode()).status == 422
    assert target.pull("make_plain", username="alice") == {}
