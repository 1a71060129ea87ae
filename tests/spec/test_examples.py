"""
The examples behave as they are filed, in two readings that share no code.

``linter.examples`` holds them to the schemas; here they are held to ``multichat_proto``.
"""

import pytest

import multichat_spec
from multichat_proto.codec import decode_command, decode_frame
from multichat_proto.exceptions import CommandRefused, RemoteProtocolError
from multichat_spec import Example, Json, expand
from tests.spec.stage import Stage

EXAMPLES = multichat_spec.examples()
SESSIONS = multichat_spec.example_sessions()


def command_code(text: str) -> str | None:
    try:
        decode_command(text)
    except CommandRefused as refused:
        return str(refused.code)
    return None


def frame_verdict(text: str) -> str:
    try:
        return "ignore" if decode_frame(text) is None else "valid"
    except RemoteProtocolError:
        return "violation"


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.name)
def test_the_codec_reads_a_frame_as_it_is_filed(example: Example) -> None:
    text = expand(example.frame)
    # Whether it is too long is for the connection to say, which knows the limit.
    codes = set(example.errors) - {"MESSAGE_TOO_LONG"}

    if example.direction == "server":
        assert frame_verdict(text) == ("valid" if example.valid else example.outcome)
    elif codes:
        assert command_code(text) in codes
    else:
        assert command_code(text) is None


@pytest.mark.parametrize("name", SESSIONS)
def test_a_session_goes_as_it_is_written(name: str) -> None:
    session = SESSIONS[name]
    stage = Stage(session)

    for step in session["steps"]:
        assert stage.play(step) == step["expect"], step


def test_a_session_that_is_written_wrong_is_noticed() -> None:
    session = SESSIONS["conversation"]
    step: Json = session["steps"][0]

    assert Stage(session).play(step) != {}


def test_invalid_examples_say_why() -> None:
    assert all(example.reason for example in EXAMPLES if not example.valid)
    assert not any(example.reason for example in EXAMPLES if example.valid)
