"""Limits and times that make sense."""

from __future__ import annotations

import dataclasses
import math
from typing import Any

import pytest

from multichat_proto.events import Connected
from multichat_proto.exceptions import LocalProtocolError
from multichat_proto.limits import Limits
from multichat_proto.options import Backoff, Options, Overflow
from multichat_proto.session.streams import Streams
from multichat_spec import requirement

COUNTS = [
    "command_burst",
    "max_unanswered",
    "max_waiting",
    "max_rooms",
    "max_queue",
    "max_queue_bytes",
    "max_members",
    "max_frame_bytes",
]
TIMES = ["open_timeout", "answer_timeout", "write_timeout", "ping_interval", "ping_timeout"]
PATIENCE = ["connect_timeout", "send_timeout", "close_timeout", "block_timeout"]
MAY_BE_NONE = {"connect_timeout", "send_timeout", "ping_interval", "block_timeout"}


def options(name: str, value: Any) -> Options:
    return Options(**{name: value})


@pytest.mark.parametrize("name", COUNTS)
@pytest.mark.parametrize("value", [0, -1, True, 1.5, "3", None], ids=repr)
def test_nothing_of_a_thing_is_too_little(name: str, value: Any) -> None:
    with pytest.raises(LocalProtocolError, match=f"{name} must be at least 1, not {value!r}"):
        options(name, value)
    assert getattr(options(name, 1), name) == 1


@pytest.mark.parametrize("name", TIMES + PATIENCE)
@pytest.mark.parametrize("value", [-1, math.nan, True, "3"], ids=repr)
def test_no_such_time(name: str, value: Any) -> None:
    with pytest.raises(LocalProtocolError, match=f"{name} must be a number of seconds"):
        options(name, value)


@pytest.mark.parametrize("name", TIMES + PATIENCE)
def test_no_time_and_all_the_time(name: str) -> None:
    assert getattr(options(name, math.inf), name) == math.inf
    for value, is_right in ((0, name in PATIENCE), (None, name in MAY_BE_NONE)):
        if is_right:
            assert getattr(options(name, value), name) == value
        else:
            with pytest.raises(LocalProtocolError, match=name):
                options(name, value)


@pytest.mark.parametrize("value", [-1, math.inf, math.nan, "3", None], ids=repr)
def test_no_such_rate(value: Any) -> None:
    with pytest.raises(LocalProtocolError, match="command_rate must be a number of commands"):
        options("command_rate", value)


def test_every_option_is_looked_at() -> None:
    known = {*COUNTS, *TIMES, *PATIENCE, "command_rate", "overflow"}
    for field in dataclasses.fields(Options):
        if field.name not in known:
            with pytest.raises(LocalProtocolError, match=f"{field.name} must be"):
                options(field.name, "yes")


@pytest.mark.parametrize("policy", list(Overflow))
def test_a_policy_may_be_a_plain_string(policy: Overflow) -> None:
    given: Any = policy.value

    assert Options(overflow=given).overflow is policy
    streams = Streams(Options())
    events = streams.subscribe(None, max_queue=1, overflow=given)
    events.claim()
    for _ in range(2):
        streams.tell_chat(Connected())
    assert events.is_ended == (policy is Overflow.CLOSE)
    assert events.is_full(is_urgent=False) == (policy is Overflow.BLOCK)


def test_there_is_no_such_policy() -> None:
    given: Any = "blok"

    with pytest.raises(LocalProtocolError, match="one of block, drop-oldest, close, not 'blok'"):
        Options(overflow=given)
    with pytest.raises(LocalProtocolError, match="one of block"):
        Streams(Options()).subscribe(None, overflow=given)
    with pytest.raises(LocalProtocolError, match="max_queue must be at least 1"):
        Streams(Options()).subscribe(None, max_queue=0)


@pytest.mark.parametrize(
    "values",
    [
        {"first": 31},
        {"first": -1},
        {"factor": 0.5},
        {"long_first": -1},
        {"stable_after": -1},
        {"cap": math.inf},
        {"factor": math.nan},
    ],
)
def test_waits_that_make_no_sense(values: dict[str, float]) -> None:
    with pytest.raises(LocalProtocolError, match="make no sense"):
        Backoff(**values)


def test_the_defaults_are_within_what_every_server_takes() -> None:
    """So much at once, and not more in the long run than the reference server's default."""
    options, limits = Options(), Limits()

    assert "at least 32 pipelined commands" in requirement("MC1-LIMIT-06").text
    assert options.command_burst <= 32
    assert options.max_unanswered <= 32
    assert options.command_rate <= limits.command_rate
    assert options.backoff.cap == 30.0
