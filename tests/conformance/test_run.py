"""A run: how often a story is told, what a dead target comes to, and what is never said."""

import re
import sys
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import replace

import pytest
import trio

from multichat_conformance.deviations import Deviation, Deviations
from multichat_conformance.events import CheckFinished, Event, Finding, TargetReady, to_json
from multichat_conformance.findings import HarnessError, NotTested, Violation
from multichat_conformance.outcomes import ExitCode, Outcome, Verdict
from multichat_conformance.running import Options, Run, teller
from multichat_conformance.stage import Stage
from multichat_conformance.target import Start, Target
from multichat_conformance.target.process import TargetProcess, launched
from tests.conformance.a_check import CORE, MAY, SHOULD, a_check
from tests.conformance.small_server.threaded import served
from tests.house.repository import ROOT

Story = Callable[[Stage], Awaitable[None]]


@pytest.fixture(scope="module")
def target() -> Iterator[Target]:
    with served() as small:
        yield small


def fails_at(*tellings: int) -> Story:
    """Return a story that fails at these of its tellings, counted from one."""
    told: list[int] = []

    async def story(stage: Stage) -> None:
        told.append(len(told) + 1)
        stage.expect(told[-1] not in tellings, "it does not hold", expected="yes", got="no")

    return story


def play(target: Target, story: Story, *clauses: str, **options: object) -> Run:
    check = a_check(story, *clauses)
    run = Run(target, Options(patience=2.0, **options), lambda _: None)  # type: ignore[arg-type]  # options
    assert run.begin([check]), run.trouble
    run.play(check)
    run.finish()
    return run


@pytest.mark.parametrize(
    ("failing", "outcome", "of"),
    [
        ((), Outcome.PASS, (0, 1)),
        ((1, 2, 3), Outcome.FAIL, (3, 3)),
        ((1,), Outcome.UNSTABLE, (1, 3)),
        ((1, 2), Outcome.UNSTABLE, (2, 3)),
        ((1, 3), Outcome.UNSTABLE, (2, 3)),
        ((2, 3), Outcome.PASS, (0, 1)),
    ],
)
def test_a_failure_is_told_three_times(
    target: Target, failing: tuple[int, ...], outcome: Outcome, of: tuple[int, int]
) -> None:
    (result,) = play(target, fails_at(*failing)).results

    assert result.outcome is outcome
    assert result.failed_of == of


def test_a_hook_that_cannot_put_back_ends_the_run(target: Target) -> None:
    """No check after it can say anything of the target."""

    async def spoils(stage: Stage) -> None:
        await stage.hook("make_staff", undo=("make_open_room", {"room": "77"}), username="alice")

    async def joins(stage: Stage) -> None:
        await stage.members(stage.room(), "alice")

    first, second = a_check(spoils, name="first"), a_check(joins, name="second")
    run = Run(target, Options(patience=2.0), lambda _: None)
    assert run.begin([first, second]), run.trouble
    for check in (first, second):
        run.play(check)
    ended = run.finish()

    assert [one.outcome for one in run.results] == [Outcome.HARNESS_ERROR, Outcome.NOT_TESTED]
    assert run.trouble.startswith("a hook cannot put back what a story has changed: ")
    assert ended.exit_code is ExitCode.HARNESS


def test_a_fault_of_the_suite_is_said_with_its_place(target: Target) -> None:
    """Not as a group of exceptions, which says nothing."""

    async def story(stage: Stage) -> None:
        await stage.actor("alice")
        list[object]().index(stage)

    (result,) = play(target, story).results

    assert result.outcome is Outcome.HARNESS_ERROR
    assert result.reason.startswith("ValueError: ")
    assert re.search(r"\(test_run\.py:\d+\)$", result.reason)


def test_what_is_known_to_fail_is_told_once(target: Target) -> None:
    check = a_check(fails_at(1))
    listed = Deviations({check.id: Deviation(check.id, "It is so.")})
    run = Run(target, Options(patience=2.0), lambda _: None, deviations=listed)
    assert run.begin([check]), run.trouble

    result = run.play(check)

    assert (result.outcome, result.failed_of) == (Outcome.EXPECTED_FAILURE, (1, 1))
    run.finish()


def test_looking_whether_the_target_is_back_does_not_slow_the_rest(
    target: Target, monkeypatch: pytest.MonkeyPatch
) -> None:
    check = a_check(fails_at(1, 2, 3))
    run = Run(target, Options(patience=2.0), lambda _: None)
    assert run.begin([check]), run.trouble
    measured: list[float] = []
    monkeypatch.setattr(run.context.round_trips, "add", measured.append)

    result = run.play(check)

    assert result.failed_of == (3, 3)
    assert measured == []
    run.finish()


@pytest.mark.parametrize(
    ("clause", "outcome", "code"),
    [
        (CORE, Outcome.FAIL, ExitCode.NOT_CONFORMANT),
        (SHOULD, Outcome.WARN, ExitCode.CONFORMANT),
        (MAY, Outcome.OBSERVED, ExitCode.CONFORMANT),
    ],
)
def test_the_key_word_decides_what_a_failure_is(
    target: Target, clause: str, outcome: Outcome, code: ExitCode
) -> None:
    run = play(target, fails_at(1, 2, 3), clause)

    assert run.results[0].outcome is outcome
    assert run.results[0].finding is not None
    assert run.ended is not None
    assert run.ended.exit_code == code


@pytest.mark.parametrize(
    ("first", "failing", "found", "outcome"),
    [
        # The key word of what was broken counts, not that of the check.
        (SHOULD, (1, 2, 3), CORE, Outcome.FAIL),
        (MAY, (1, 2, 3), CORE, Outcome.FAIL),
        (SHOULD, (1,), CORE, Outcome.UNSTABLE),
        # A liberty that was overstepped is no excuse where a MUST is checked.
        (CORE, (1, 2, 3), SHOULD, Outcome.FAIL),
        (CORE, (1, 2, 3), MAY, Outcome.FAIL),
        # What is no clause has the check's.
        (SHOULD, (1, 2, 3), "no clause", Outcome.WARN),
        (CORE, (1, 2, 3), "", Outcome.FAIL),
        # Nothing but a MUST is held against a target that breaks it now and then.
        (SHOULD, (1,), SHOULD, Outcome.WARN),
        (MAY, (2, 1), MAY, Outcome.OBSERVED),
    ],
)
def test_what_was_broken_decides_what_a_failure_is(
    target: Target, first: str, failing: tuple[int, ...], found: str, outcome: Outcome
) -> None:
    told: list[int] = []

    async def story(_: Stage) -> None:
        told.append(len(told) + 1)
        if told[-1] in failing:
            raise Violation(Finding(found, "it does not hold", "yes", "no"))

    assert play(target, story, first).results[0].outcome is outcome


def test_once_is_enough_if_it_is_asked_for(target: Target) -> None:
    (result,) = play(target, fails_at(1), attempts=1).results

    assert (result.outcome, result.failed_of) == (Outcome.FAIL, (1, 1))


@pytest.mark.parametrize(
    ("said", "outcome", "code"),
    [
        (NotTested("needs a hat: buy one"), Outcome.NOT_TESTED, ExitCode.INCOMPLETE),
        (HarnessError("the hat fell off"), Outcome.HARNESS_ERROR, ExitCode.HARNESS),
    ],
)
def test_what_is_no_fault_of_the_target_is_told_once(
    target: Target, said: Exception, outcome: Outcome, code: ExitCode
) -> None:
    async def story(_: Stage) -> None:
        raise said

    run = play(target, story)

    (result,) = run.results
    assert (result.outcome, result.reason, len(result.attempts)) == (outcome, str(said), 1)
    assert run.ended is not None
    assert run.ended.exit_code == code


def test_a_narrowed_run_says_so_and_never_conformant(target: Target) -> None:
    run = play(target, fails_at(), only=("test.made-up",))

    assert run.ended is not None
    assert (run.ended.core, run.ended.exit_code) == (Verdict.INCOMPLETE, ExitCode.INCOMPLETE)
    assert "test.made-up" in run.ended.sentence


def test_what_a_hook_has_changed_is_changed_back(target: Target) -> None:
    async def story(stage: Stage) -> None:
        await stage.hook("make_staff", undo=("make_plain", {"username": "alice"}), username="alice")
        stage.blame("it does not hold", expected="yes", got="no")

    async def alice_is_plain(stage: Stage) -> None:
        alice = await stage.actor("alice")
        await alice.is_refused(
            {"command": "join", "room": stage.staff_room.id}, "ROOM_ACCESS_DENIED"
        )

    assert play(target, story).results[0].outcome is Outcome.FAIL
    assert play(target, alice_is_plain).results[0].outcome is Outcome.PASS


def test_no_secret_is_in_any_event(target: Target) -> None:
    """Passwords, session keys and CSRF tokens are masked, wherever they come back."""
    keys: list[str] = []

    async def story(stage: Stage) -> None:
        session = await stage.fresh_session("alice")
        keys.extend([session.key, str(stage.account("alice").password)])
        alice = await stage.actor("alice", session=session)
        room = stage.room()
        await alice.join(room)
        await alice.says(room, f"{stage.nonce()} my key is {session.key}, do not tell")
        user = await stage.new_user()
        keys.append(str(user.password))
        stage.note(f"noted: {session.key}")
        stage.blame(f"it leaks {session.key}", expected=keys[1], got=user.password or "")

    events: list[Event] = []
    check = a_check(story)
    run = Run(target, Options(patience=2.0), events.append)
    run.begin([check])
    run.play(check)
    run.finish()

    written = repr([to_json(event) for event in events])
    assert "my key is" in written
    assert len(keys) == 9
    assert not [key for key in keys if key in written]


def test_a_key_in_the_address_is_in_no_event(target: Target) -> None:
    url = f"{target.url}?key=hunter22-hunter33"
    events: list[Event] = []

    async def story(stage: Stage) -> None:
        await stage.actor("alice")
        stage.blame(f"it leaks {stage.target.url}", expected="yes", got="no")

    check = a_check(story)
    with_key = replace(target, url=url, name=url)
    run = Run(with_key, Options(patience=2.0), events.append, asked_as=(url,))
    run.begin([check])
    result = run.play(check)
    run.finish()

    assert result.outcome is Outcome.FAIL
    written = repr([to_json(event) for event in events])
    assert "?key=" in written
    assert "hunter" not in written


def test_a_check_whose_end_cannot_be_told_is_filed_once(target: Target) -> None:
    """Whoever plays the checks is told of it, and says so in the check's name."""

    def emit(event: Event) -> None:
        if isinstance(event, CheckFinished) and event.outcome is Outcome.PASS:
            raise ValueError("a report is at fault")

    check = a_check(fails_at())
    run = Run(target, Options(patience=2.0), emit)
    run.begin([check])
    with pytest.raises(ValueError, match="at fault"):
        run.play(check)
    run.harness_error(check, "ValueError: a report is at fault")
    ended = run.finish()

    assert [result.outcome for result in run.results] == [Outcome.HARNESS_ERROR]
    assert ended.exit_code == ExitCode.HARNESS


# A target that dies.


@pytest.fixture
def stopped() -> Iterator[tuple[Target, Story]]:
    """Return a target that cannot be started again, and a story that stops it."""
    with served() as small:

        async def story(stage: Stage) -> None:
            alice = await stage.actor("alice")
            await stage.hook("stop")
            await alice.says(stage.room())

        yield small, story


def test_a_target_that_does_not_come_back_leaves_the_rest_untested(
    stopped: tuple[Target, Story], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(teller, "RECOVERY", 0.2)
    target, story = stopped
    checks = [
        replace(a_check(name=f"number-{number}"), story=story if number == 2 else fails_at())
        for number in range(5)
    ]
    run = Run(target, Options(patience=0.5), lambda _: None)
    run.begin(checks)
    for check in checks:
        run.play(check)
    ended = run.finish()

    outcomes = [result.outcome for result in run.results]
    assert outcomes == [Outcome.PASS] * 2 + [Outcome.NOT_TESTED] * 3
    assert len(run.results[2].attempts) == 1
    assert ended.exit_code == ExitCode.INCOMPLETE
    assert ended.interrupted
    assert "did not come back" in ended.sentence
    assert "after the story of test.number-2 (" in ended.sentence
    assert "start it again, and repeat that check alone" in ended.sentence


def test_a_check_that_was_not_played_is_not_tested(target: Target) -> None:
    checks = [a_check(name="one"), a_check(name="two")]
    run = Run(target, Options(patience=2.0), lambda _: None)
    run.begin(checks)
    run.play(checks[0])
    ended = run.finish()

    assert [result.outcome for result in run.results] == [Outcome.PASS, Outcome.NOT_TESTED]
    assert ended.exit_code == ExitCode.INCOMPLETE


@pytest.fixture
def startable(target: Target) -> Target:
    """Return a target that the suite starts: the small server in a process."""
    return replace(
        target,
        url="{websocket}",
        hooks=replace(target.hooks, url="{hooks}"),
        start=Start(
            (sys.executable, "-m", "tests.conformance.started_server"),
            "json",
            60.0,
            {"PYTHONPATH": str(ROOT)},
        ),
    )


def test_a_target_that_dies_is_started_again_and_the_story_repeated(startable: Target) -> None:
    async def kills(stage: Stage) -> None:
        process = stage.context.process
        assert process is not None
        await stage.hook("make_staff", undo=("make_plain", {"username": "bob"}), username="bob")
        alice = await stage.actor("alice")
        await trio.to_thread.run_sync(process.stop)
        await alice.is_closed()
        await alice.says(stage.room())

    events: list[Event] = []
    checks = [a_check(kills, name="kills"), a_check(fails_at(), name="goes-on")]
    run = Run(startable, Options(patience=5.0), events.append)
    assert run.begin(checks), run.trouble
    for check in checks:
        run.play(check)
    ended = run.finish()

    assert [result.outcome for result in run.results] == [Outcome.FAIL, Outcome.PASS]
    assert run.results[0].failed_of == (3, 3)
    assert ended.exit_code == ExitCode.NOT_CONFORMANT
    assert sum(isinstance(event, TargetReady) for event in events) == 1


def test_a_target_that_was_launched_ends_with_the_block(startable: Target) -> None:
    seen: list[TargetProcess] = []

    def seen_to_run() -> None:
        with launched(startable) as process:
            assert process is not None
            assert process.runs
            seen.append(process)
            raise RuntimeError("no use")

    with pytest.raises(RuntimeError, match="no use"):
        seen_to_run()

    assert not seen[0].runs


def test_a_target_that_was_launched_is_the_runs(startable: Target) -> None:
    with launched(startable) as process:
        run = Run(startable, Options(patience=5.0), lambda _: None, process=process)
        assert run.begin([]), run.trouble
        assert run.context.process is process
        run.finish()
        assert process is not None
        assert not process.runs


def test_a_target_that_cannot_be_launched_is_spoken_of_when_the_run_begins(
    startable: Target,
) -> None:
    nowhere = replace(startable, start=Start(("no-such-program",), "json", 5.0, {}))

    with launched(nowhere) as process:
        run = Run(nowhere, Options(patience=5.0), lambda _: None, process=process)
        assert not run.begin([])

    assert "cannot be started" in run.trouble


def test_a_target_that_runs_already_is_not_launched(startable: Target) -> None:
    with launched(replace(startable, start=None)) as process:
        assert process is None


def test_a_target_that_the_suite_starts_is_stopped_and_started_by_a_story(
    startable: Target,
) -> None:
    async def restarts(stage: Stage) -> None:
        alice = await stage.actor("alice")
        await stage.stop_target(within=5.0)
        await alice.is_closed()
        await stage.start_target()
        again = await stage.actor("alice")
        await again.join(stage.room())

    async def stops(stage: Stage) -> None:
        await stage.stop_target(within=5.0)

    async def works(stage: Stage) -> None:
        await (await stage.actor("bob")).join(stage.room())

    checks = [a_check(story, name=story.__name__) for story in (restarts, stops, works)]
    run = Run(startable, Options(patience=5.0), lambda _: None)
    assert run.begin(checks), run.trouble
    for check in checks:
        run.play(check)
    run.finish()

    assert [(result.outcome, result.reason) for result in run.results] == [(Outcome.PASS, "")] * 3
    process = run.context.process
    assert process is not None
    assert not process.runs


def test_where_a_target_is_after_a_failure_that_was_expected_is_known(startable: Target) -> None:
    """It was started again in between, and its hooks are at another address."""

    async def restarts(stage: Stage) -> None:
        await stage.stop_target(within=5.0)
        stage.blame("it does not hold", expected="yes", got="no")

    async def pulls(stage: Stage) -> None:
        await stage.new_room()

    checks = [a_check(story, name=story.__name__) for story in (restarts, pulls)]
    listed = Deviations({checks[0].id: Deviation(checks[0].id, "It is so.")})
    run = Run(startable, Options(patience=5.0), lambda _: None, deviations=listed)
    assert run.begin(checks), run.trouble
    for check in checks:
        run.play(check)
    run.finish()

    assert [result.outcome for result in run.results] == [Outcome.EXPECTED_FAILURE, Outcome.PASS]


def test_hooks_stop_and_start_it_just_as_well(target: Target) -> None:
    async def stops(stage: Stage) -> None:
        alice = await stage.actor("alice")
        await stage.stop_target(within=5.0)
        await alice.is_closed(1012)

    async def works(stage: Stage) -> None:
        await (await stage.actor("bob")).join(stage.room())

    assert play(target, stops).results[0].outcome is Outcome.PASS
    assert play(target, works).results[0].outcome is Outcome.PASS


def test_a_start_command_that_fails_ends_the_run_with_its_last_words(startable: Target) -> None:
    said = "import sys; print('no such database', file=sys.stderr); sys.exit(1)"
    broken = replace(startable, start=Start((sys.executable, "-c", said), "json", 20.0))
    run = Run(broken, Options(), lambda _: None)

    assert not run.begin([a_check()])
    ended = run.finish()

    assert ended.exit_code == ExitCode.INCOMPLETE
    assert "no such database" in ended.sentence
