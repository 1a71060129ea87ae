"""One tree; attributes hold the facts, ``str()`` makes the sentence."""

import copy
import pickle

import pytest

from multichat_proto import (
    CommandRefused,
    ConnectionClosed,
    ConnectionFailed,
    ErrorCode,
    LocalProtocolError,
    LoginFailed,
    MultichatError,
    RemoteProtocolError,
    RoomError,
    StoreUnavailable,
    exceptions,
)

SENTENCES = [
    (LocalProtocolError("cannot send"), "cannot send"),
    (RemoteProtocolError("no frame"), "no frame"),
    (StoreUnavailable("disk full"), "disk full"),
    (ConnectionFailed("refused"), "refused"),
    (LoginFailed("no form"), "no form"),
    (ConnectionClosed(1006), "connection closed with code 1006"),
    (ConnectionClosed(1008, "flood"), "connection closed with code 1008 (flood)"),
    (CommandRefused(ErrorCode.FRAME_INVALID), "FRAME_INVALID"),
    (CommandRefused("X", detail="why"), "X (why)"),
    (RoomError("X", "join"), "join: X"),
    (RoomError("X", None, "1"), "room 1: X"),
    (RoomError("X", command="join", room="1"), "join room 1: X"),
    (RoomError("X", "join", "1", "staff only"), "join room 1: X (staff only)"),
]


@pytest.mark.parametrize(("error", "sentence"), SENTENCES, ids=[each[1] for each in SENTENCES])
def test_an_error_is_a_sentence(error: MultichatError, sentence: str) -> None:
    """A log reader needs no attributes."""
    assert str(error) == sentence


@pytest.mark.parametrize(("error", "sentence"), SENTENCES, ids=[each[1] for each in SENTENCES])
def test_an_error_survives_copying(error: MultichatError, sentence: str) -> None:
    """Between processes and tasks, with its facts."""
    for again in (copy.copy(error), pickle.loads(pickle.dumps(error))):  # noqa: S301  # our own
        assert type(again) is type(error)
        assert str(again) == sentence
        assert vars(again) == vars(error)


def test_attributes_hold_the_facts() -> None:
    """What a program decides by."""
    refused = CommandRefused(ErrorCode.ROOM_INVALID, "join", "1", "no such room")
    closed = ConnectionClosed(1012, "stopping")

    assert refused.code is ErrorCode.ROOM_INVALID
    assert (refused.command, refused.room, refused.detail) == ("join", "1", "no such room")
    assert (closed.code, closed.reason) == (1012, "stopping")


def test_there_is_one_tree_and_it_is_drawn() -> None:
    """Catching the root catches all, and the drawing names each where it belongs."""
    drawing = (exceptions.__doc__ or "").splitlines()
    for name in set(exceptions.__all__) - {"Fault", "Retry", "room_error"}:
        kind = getattr(exceptions, name)
        assert issubclass(kind, MultichatError)
        assert any(line.lstrip("│├└─ ").startswith(name) for line in drawing), name

    assert issubclass(LoginFailed, ConnectionFailed)
    assert not issubclass(RoomError, CommandRefused)
