"""A whole run as the command line makes it."""

from collections.abc import Awaitable, Callable
from functools import partial

import pytest
import trio

from multichat_conformance.events import (
    CheckFinished,
    CheckStarted,
    Event,
    RunFinished,
    RunStarted,
    TargetReady,
)
from multichat_conformance.outcomes import ExitCode, Outcome, Verdict
from multichat_conformance.running import Options
from multichat_conformance.running.suite import judge
from multichat_conformance.target import Target
from tests.conformance.small_server import small_server


class Recorder:
    """A report that keeps everything."""

    def __init__(self) -> None:
        self.events: list[Event] = []

    def event(self, event: Event) -> None:
        self.events.append(event)

    def close(self) -> None:
        pass


Judging = Callable[..., Awaitable[tuple[RunFinished, list[Event]]]]


@pytest.fixture
def judged() -> Judging:
    """Judge a target in a thread, beside the server that runs in this one."""

    async def judge_it(target: Target, options: Options) -> tuple[RunFinished, list[Event]]:
        recorder = Recorder()
        ended = await trio.to_thread.run_sync(partial(judge, target, options, [recorder]))
        return ended, recorder.events

    return judge_it


async def test_the_events_of_a_run_come_in_order(judged: Judging) -> None:
    async with small_server() as running:
        ended, events = await judged(running.target, Options(only=("join.*",)))

    kinds = [type(event) for event in events]
    assert kinds[:2] == [RunStarted, TargetReady]
    assert kinds[2:-1] == [CheckStarted, CheckFinished] * ((len(kinds) - 3) // 2)
    assert events[-1] is ended
    assert len(kinds) > 4


async def test_a_narrowed_run_is_never_conformant(judged: Judging) -> None:
    async with small_server() as running:
        ended, events = await judged(running.target, Options(only=("join.open-room-is-joined",)))

    assert [e.outcome for e in events if isinstance(e, CheckFinished)] == [Outcome.PASS]
    assert (ended.core, ended.hardened) == (Verdict.INCOMPLETE, Verdict.INCOMPLETE)
    assert ended.exit_code == ExitCode.INCOMPLETE
    assert "no verdict" in ended.sentence


async def test_core_alone_can_be_judged(judged: Judging) -> None:
    async with small_server() as running:
        ended, events = await judged(running.target, Options(level="core", depth="none"))

    profiles = {event.profile for event in events if isinstance(event, CheckFinished)}
    assert profiles == {"core"}
    assert ended.hardened is Verdict.NOT_JUDGED


async def test_no_check_chosen_is_no_verdict(judged: Judging) -> None:
    async with small_server() as running:
        ended, events = await judged(running.target, Options(only=("no.such-check",)))

    assert not any(isinstance(event, CheckFinished) for event in events)
    assert ended.exit_code == ExitCode.INCOMPLETE


async def test_an_unreachable_target_leaves_everything_untested(judged: Judging) -> None:
    ended, events = await judged(Target(url="ws://127.0.0.1:1/"), Options())

    outcomes = {event.outcome for event in events if isinstance(event, CheckFinished)}
    assert outcomes == {Outcome.NOT_TESTED}
    assert not any(isinstance(event, TargetReady) for event in events)
    assert ended.exit_code == ExitCode.INCOMPLETE
    assert "takes no connection" in ended.sentence


async def test_the_environment_of_the_caller_has_no_say(
    judged: Judging, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTEST_ADDOPTS", "--no-such-option")
    async with small_server() as running:
        ended, _ = await judged(running.target, Options(only=("join.open-room-is-joined",)))

    assert ended.counts["core"] == {"pass": 1}
