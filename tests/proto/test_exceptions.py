"""One tree; attributes hold the facts, ``str()`` makes the sentence."""

import copy
import pickle

import pytest

from multichat_proto import (
    CertificateInvalid,
    CommandRefused,
    ConnectionClosed,
    ConnectionFailed,
    DeliveryUnknown,
    Error,
    ErrorCode,
    Fault,
    HandshakeRefused,
    LocalProtocolError,
    LoginFailed,
    MultichatError,
    NoAnswer,
    NotAMember,
    NotSent,
    QueueOverflow,
    RateLimited,
    RemoteProtocolError,
    Retry,
    Room,
    RoomError,
    StoreUnavailable,
    exceptions,
)
from multichat_proto.exceptions import room_error
from multichat_spec import errors

SENTENCES = [
    (NotAMember("1"), "not a member of room 1; join it first"),
    (CertificateInvalid("expired"), "expired"),
    (HandshakeRefused(418), "the server refused the WebSocket connection: HTTP 418"),
    (
        HandshakeRefused(503, 2.5),
        "the server refused the WebSocket connection: HTTP 503 (it is overloaded or stopping)",
    ),
    (LoginFailed("busy", retry=Retry.LATER), "busy"),
    (NotSent("1", "we were offline"), "nothing was sent to room 1: we were offline"),
    (NoAnswer("join", "1"), "the server did not answer the join of room 1 in time"),
    (DeliveryUnknown("1", "hi"), "a message to room 1 may or may not have been delivered"),
    (QueueOverflow("1"), "the reader of room 1 was too slow"),
    (QueueOverflow(None), "the reader of the chat was too slow"),
    (RateLimited("RATE_LIMITED", "send", "1"), "send room 1: RATE_LIMITED"),
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


@pytest.mark.parametrize("code", [*errors(), "FUTURE_CODE"])
def test_each_code_of_an_error_frame_has_its_class(code: str) -> None:
    """And what the specification calls temporary may be tried again."""
    error = room_error(Error(code, "join", Room("1"), "why"))

    is_known = code in errors()
    assert (type(error) is RoomError) is not is_known
    assert str(error) == f"join room 1: {code} (why)"
    assert (error.retry is Retry.LATER) is (is_known and errors()[code]["temporary"])
    assert len({type(room_error(Error(each))) for each in errors()}) == len(errors())


def test_what_answers_a_command_is_about_it() -> None:
    """Where the server does not say, the command that it answers does."""
    error = room_error(Error("X"), "send", "2")

    assert (error.command, error.room) == ("send", "2")


@pytest.mark.parametrize(
    ("status", "fault", "retry"),
    [
        (401, Fault.USER, Retry.AFTER_LOGIN),
        (403, Fault.USER, Retry.AFTER_LOGIN),
        (404, Fault.SERVER, Retry.NO),
        (302, Fault.SERVER, Retry.NO),
        (408, Fault.SERVER, Retry.LATER),
        (429, Fault.SERVER, Retry.LATER),
        (503, Fault.SERVER, Retry.LATER),
    ],
)
def test_whose_fault_a_refused_handshake_is(status: int, fault: Fault, retry: Retry) -> None:
    error = HandshakeRefused(status)

    assert (error.fault, error.retry) == (fault, retry)


@pytest.mark.parametrize(
    ("code", "fault", "retry"),
    [
        (1000, Fault.SERVER, Retry.NO),
        (1002, Fault.OURS, Retry.NO),
        (1006, Fault.NETWORK, Retry.LATER),
        (1008, Fault.USER, Retry.AFTER_LOGIN),
        (1012, Fault.SERVER, Retry.LATER),
        (1013, Fault.SERVER, Retry.LATER),
    ],
)
def test_whose_fault_a_close_is(code: int, fault: Fault, retry: Retry) -> None:
    error = ConnectionClosed(code)

    assert (error.fault, error.retry) == (fault, retry)
