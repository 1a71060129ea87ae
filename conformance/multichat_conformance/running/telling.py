"""One telling of a story: from an empty stage to a finding, or none."""

import traceback
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final

import trio

from multichat_conformance.actors import Backdrop
from multichat_conformance.catalogue import Check, Group
from multichat_conformance.context import Context
from multichat_conformance.events import Attempt, Finding
from multichat_conformance.findings import HarnessError, NotTested, TargetGone, Violation
from multichat_conformance.stage import Stage
from multichat_conformance.timing import RoundTrips
from multichat_conformance.transcript import Transcript

__all__ = ["Told", "in_words", "tell", "tell_now"]

_PACKAGE: Final = __name__.partition(".")[0]
_FOREIGN: Final = "site-packages"

LONGEST_STORY: Final = 300.0
"""Seconds after which a story is given up: more than any wait in it, to keep a run from hanging."""


@dataclass(frozen=True, slots=True)
class Told:
    """
    What came of one telling.

    Attributes:
        attempt: Its record.
        gone: Whether the target took no connections any more.
        hopeless: Whether it let nobody in, did not answer, or flooded.
        not_tested: Why the story could not be told; empty if it was.
        trouble: What went wrong with the suite or a hook; empty if nothing did.
        notes: What the story wants known.
        observed: What it recorded where the clauses leave it open.

    """

    attempt: Attempt
    gone: bool = False
    hopeless: bool = False
    not_tested: str = ""
    trouble: str = ""
    notes: tuple[str, ...] = ()
    observed: tuple[str, ...] = ()


def tell_now(
    check: Check,
    context: Context,
    *,
    number: int = 1,
    story: Callable[[Stage], Awaitable[None]] | None = None,
    round_trips: RoundTrips | None = None,
) -> Told:
    """
    Tell a check's story once, in a Trio run of its own; see :func:`tell`.

    What goes wrong with the suite itself is the trouble of what is returned.

    Raises:
        KeyboardInterrupt: It was interrupted. Trio has it in a group where tasks are about, and
            whoever runs the checks knows it only as it is.

    """
    try:
        return trio.run(
            partial(tell, check, context, number=number, story=story, round_trips=round_trips)
        )
    except ExceptionGroup as group:
        trouble = context.redactor.clean(in_words(group))
        return Told(Attempt(number, 0.0, None, ()), trouble=trouble)
    except BaseExceptionGroup as group:
        if group.subgroup(KeyboardInterrupt) is not None:
            raise KeyboardInterrupt from None
        raise


def in_words(exc: BaseException) -> str:
    """Return what went wrong with the suite, and where: of a group, its first exception."""
    while isinstance(exc, BaseExceptionGroup):
        exc = exc.exceptions[0]
    text = f"{type(exc).__name__}: {exc}"
    steps = traceback.extract_tb(exc.__traceback__)
    # Where our own code was, not the library that it called.
    parts = [(step, Path(step.filename).parts) for step in steps]
    ours = [step for step, path in parts if _PACKAGE in path or _FOREIGN not in path]
    return f"{text} ({Path(ours[-1].filename).name}:{ours[-1].lineno})" if ours else text


async def tell(
    check: Check,
    context: Context,
    *,
    number: int = 1,
    story: Callable[[Stage], Awaitable[None]] | None = None,
    apart: bool = False,
    round_trips: RoundTrips | None = None,
) -> Told:
    """
    Tell a check's story once, on a fresh stage that is cleared away afterwards.

    Args:
        check: Whose story.
        context: What is known of the run.
        number: Which attempt it is.
        story: Another story to tell in the check's name.
        apart: Whether to have rooms and users made for it, since other stories are told meanwhile.
        round_trips: What its waits are made of; None: those of the run.

    Cancelling clears the stage away first.

    """
    loads = check.group is Group.LOAD
    transcript = Transcript(context.redactor, trio.current_time)
    trips = round_trips or context.round_trips
    open_rooms = [room.id for room in context.target.rooms if not room.staff_only]
    backdrop = Backdrop(
        target=context.target,
        transcript=transcript,
        # What is measured under load says nothing of the rest of the run.
        round_trips=trips.copy() if loads else trips,
        clause=check.clauses[0] if check.clauses else "",
        mark=context.new_mark(),
        keeps_order=context.keeps_order,
        usernames={account.username for account in context.target.accounts},
        strangers=context.strangers,
        fence_room=open_rooms[-1] if open_rooms else "",
    )
    ending = _Ending()
    stage: Stage | None = None
    async with trio.open_nursery() as nursery:
        stage = Stage(check, context, backdrop, nursery)
        with ending:
            try:
                with trio.fail_after(LONGEST_STORY):
                    if apart:
                        await stage.set_apart()
                    await (story or check.story)(stage)
                stage.raise_faults()
            except trio.TooSlowError:
                ending.trouble = f"the story took more than {LONGEST_STORY:.0f} s"
            finally:
                transcript.close()
                await _clear(stage, ending)
        nursery.cancel_scope.cancel()
    clean = context.redactor.clean
    finding = ending.finding
    if finding is not None:
        finding = Finding(
            finding.clause,
            clean(finding.summary),
            clean(finding.expected),
            clean(finding.got),
            finding.actor,
            finding.side,
        )
    return Told(
        Attempt(number, round(transcript.elapsed() * 1000, 1), finding, transcript.lines),
        gone=ending.gone,
        hopeless=ending.hopeless,
        not_tested=clean(ending.not_tested),
        trouble=clean(ending.trouble),
        notes=tuple(clean(note) for note in (*stage.notes, *_aside(backdrop))),
        observed=tuple(clean(text) for text in stage.observed),
    )


def _aside(backdrop: Backdrop) -> list[str]:
    return [f"set aside: {what}" for what in backdrop.aside]


class _Ending:
    """Takes in how a story ended; the first finding counts."""

    def __init__(self) -> None:
        self.finding: Finding | None = None
        self.gone = False
        self.hopeless = False
        self.not_tested = ""
        self.trouble = ""

    def __enter__(self) -> None:
        pass

    def __exit__(self, _: object, exc: BaseException | None, __: object) -> bool:
        if exc is None:
            return False
        return self._take(exc)

    def _take(self, exc: BaseException) -> bool:
        match exc:
            case BaseExceptionGroup():
                taken = [self._take(one) for one in exc.exceptions]
                return all(taken)
            case Violation():
                self.finding = self.finding or exc.finding
                self.hopeless = self.hopeless or exc.hopeless
            case TargetGone():
                self.gone = True
                self.finding = self.finding or Finding(
                    "", f"the target is gone: {exc}", "a target that takes connections", str(exc)
                )
            case NotTested():
                self.not_tested = self.not_tested or str(exc)
            case HarnessError():
                self.trouble = self.trouble or str(exc)
            case trio.Cancelled():
                # Part of a group whose other members say what happened.
                return False
            case _:
                return False
        return True


async def _clear(stage: Stage, ending: _Ending) -> None:
    try:
        await stage.clear(in_doubt=ending.gone or ending.hopeless)
    except HarnessError as exc:
        ending.trouble = ending.trouble or str(exc)
