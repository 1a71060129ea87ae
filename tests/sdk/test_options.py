"""Limits and times that make sense."""

from __future__ import annotations

from typing import Any

import pytest

from multichat_proto.events import Connected
from multichat_proto.exceptions import LocalProtocolError
from multichat_proto.limits import Limits
from multichat_proto.options import Backoff, Options, Overflow
from multichat_proto.session.streams import Streams
from multichat_spec import requirement


@pytest.mark.parametrize(
    "name", ["command_burst", "max_unanswered", "max_waiting", "max_rooms", "max_queue"]
)
def test_nothing_of_a_thing_is_too_little(name: str) -> None:
    with pytest.raises(LocalProtocolError, match=f"{name} must be at least 1"):
        Options(**{name: 0})  # type: ignore[arg-type]  # the names are Options' own


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
    "values", [{"first": 31}, {"first": -1}, {"factor": 0.5}, {"long_first": -1}]
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
