"""Something that is waited for ends once."""

from __future__ import annotations

import pytest

from multichat_proto.exceptions import NotSent
from multichat_proto.session import Operation


def test_the_first_end_counts() -> None:
    ends: list[str] = []
    operation: Operation[int] = Operation()
    operation.on_done = lambda: ends.append("end")
    operation.succeed(1)
    operation.succeed(2)
    operation.fail(NotSent("1", "too late"))

    assert operation.result() == 1
    assert ends == ["end"]


def test_a_failure_is_raised_each_time() -> None:
    operation: Operation[int] = Operation()
    operation.fail(NotSent("1", "no"))
    operation.succeed(1)

    for _ in range(3):
        with pytest.raises(NotSent) as caught:
            operation.result()
        assert len(caught.traceback) == 2


def test_there_is_no_result_before_the_end() -> None:
    with pytest.raises(AssertionError, match="not done yet"):
        Operation[int]().result()
