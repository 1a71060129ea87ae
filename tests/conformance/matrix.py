"""
The judge judged: every check against the correct small server and against each of its faults.

``python -m tests.conformance.matrix`` plays each fault with the checks that are about it and prints
what came of it; ``--declare`` takes note of which checks found which faults, ``--write`` writes
the page and the data that are published, ``--everything`` plays every check on every fault. With
``--only`` the rows of all others stay as they are published.
"""

import argparse
import contextlib
import json
import os
import re
import sys
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from functools import cache, partial
from pathlib import Path
from typing import Final

import trio

import multichat_conformance
from multichat_conformance.catalogue import Check, catalogue
from multichat_conformance.events import Attempt
from multichat_conformance.running.needs import inapplicable, missing
from multichat_conformance.running.options import Options, groups_for
from multichat_conformance.running.run import Run
from multichat_conformance.running.telling import Told, tell
from multichat_conformance.running.workshop import Workshop
from tests.conformance.matrix_page import PAGE, render
from tests.conformance.small_server.faults import FAULTS
from tests.conformance.small_server.faults.fault import CAUGHT_BY_FILE
from tests.conformance.small_server.faults.personalities import PERSONALITIES
from tests.conformance.small_server.threaded import served

__all__ = ["CORRECT", "DATA", "FIRST_LOOK", "Row", "as_text", "play", "whole"]

CORRECT: Final = "correct"
"""The name of the server without a fault."""

FIRST_LOOK: Final = "target.first-look"
"""What a run begins with; a target that it finds wanting is not judged at all."""

DATA: Final = Path(multichat_conformance.__file__).with_name("matrix.json")
"""Published with the suite, where `multichat conformance explain` reads it."""

PATIENCE: Final = 1.0
"""Seconds to wait for what must come. Of the correct server it comes within milliseconds; with a
fault it often never does, and each such wait is waited in full."""

WORKERS: Final = 2 * (os.cpu_count() or 1)
"""Processes: more than processors, because they mostly wait."""


@dataclass(frozen=True)
class Row:
    """
    What came of the checks on one server.

    Attributes:
        caught: The checks that found it wanting, with what they found.
        left_out: The checks that were not told, with the reason.
        passed: The checks that found nothing.

    """

    caught: Mapping[str, str] = field(default_factory=dict)
    left_out: Mapping[str, str] = field(default_factory=dict)
    passed: Collection[str] = ()


def play(name: str, ids: Collection[str], patience: float = PATIENCE) -> Row:
    """
    Play checks on a server, each on a fresh one if the one before was found wanting.

    Args:
        name: The fault's, a personality's, or `CORRECT`.
        ids: The checks', and perhaps `FIRST_LOOK`.
        patience: Seconds to wait for what must come.

    """
    caught: dict[str, str] = {}
    left_out: dict[str, str] = {}
    passed: list[str] = []
    waiting = [check for check in catalogue() if check.id in ids]
    while waiting or (FIRST_LOOK in ids and FIRST_LOOK not in [*caught, *passed]):
        with _judged(name, patience) as run:
            if run.trouble:
                caught[FIRST_LOOK] = run.trouble
            elif FIRST_LOOK not in passed:
                passed.append(FIRST_LOOK)
            while waiting:
                check = waiting.pop(0)
                reason = inapplicable(check, run.context.target) or missing(
                    check, run.context, groups_for(run.context.target, run.options)
                )
                told = [] if reason else _tell(check, run)
                found, reason = _weigh(check, told, reason)
                if found:
                    caught[check.id] = found
                    break
                if reason:
                    left_out[check.id] = reason
                else:
                    passed.append(check.id)
    return Row(caught, left_out, tuple(passed))


@contextlib.contextmanager
def _judged(name: str, patience: float) -> Iterator[Run]:
    with served(_parts(name)) as target:
        run = Run(target, Options(patience=patience, attempts=1, seed=0), emit=lambda _: None)
        run.begin([])
        yield run


def _parts(name: str) -> Collection[type]:
    if name in PERSONALITIES:
        return PERSONALITIES[name].parts
    return () if name == CORRECT else FAULTS[name].parts


def _tell(check: Check, run: Run) -> list[Told]:
    if not check.search:
        return [trio.run(partial(tell, check, run.context))]
    workshop = Workshop(check, run.context)
    check.story(workshop)
    attempts = workshop.attempts[:1] or [Attempt(1, 0.0, None, ())]
    return [Told(attempt, trouble=workshop.trouble) for attempt in attempts]


def _weigh(check: Check, told: Sequence[Told], reason: str) -> tuple[str, str]:
    """Return what was found, and why nothing could be."""
    for one in told:
        if one.attempt.finding is not None:
            return one.attempt.finding.summary, ""
        reason = reason or one.not_tested or one.trouble
    if check.level == "MAY" and not reason:
        # It fails nobody: it has found something if it reports another thing than usual.
        seen = _observed(told)
        return (seen, "") if seen != _usually(check) else ("", "")
    return "", reason


def _observed(told: Sequence[Told]) -> str:
    texts = [text for one in told for text in one.observed]
    return re.sub(r"[0-9]+ commands", "commands", "; ".join(texts))


@cache
def _usually(check: Check) -> str:
    with _judged(CORRECT, PATIENCE) as run:
        return _observed(_tell(check, run))


def whole(
    ids: Mapping[str, Collection[str]], *, workers: int = WORKERS, patience: float = PATIENCE
) -> dict[str, Row]:
    """Play checks on many servers, several at a time; `ids` says which on which."""
    with ProcessPoolExecutor(workers, initializer=_warm_up) as pool:
        rows = pool.map(partial(play, patience=patience), ids.keys(), ids.values())
        return dict(zip(ids, rows, strict=True))


def _warm_up() -> None:
    # What a process does for the first time, it does slowly, and would be taken for a fault.
    play(CORRECT, [FIRST_LOOK, catalogue()[0].id], patience=10)


def asked(*, everything: bool) -> dict[str, list[str]]:
    """
    Return which checks are to be played on which server: on the correct one all.

    Args:
        everything: All checks on every fault, which takes long; otherwise those that cite a
            clause that the fault breaks, and those that are declared for it.

    """
    checks = [FIRST_LOOK, *(check.id for check in catalogue())]
    plan = {CORRECT: checks}
    for fault in FAULTS.values():
        about = [
            check.id
            for check in catalogue()
            if not check.search and set(check.clauses) & set(fault.breaks)
        ]
        wanted = {FIRST_LOOK, *about, *fault.caught_by}
        plan[fault.name] = checks if everything else [id_ for id_ in checks if id_ in wanted]
    return plan


def declared(found: Mapping[str, Collection[str]]) -> dict[str, list[str]]:
    """
    Return which checks to declare for which fault.

    What is declared and found it stays; a fault that has nothing gets two checks that found few
    others, and a check that has nothing gets a fault. What found nothing is left to people.

    Args:
        found: The checks that found each fault.

    """
    ids = [check.id for check in catalogue()]
    number = Counter(id_ for checks in found.values() for id_ in checks)
    plan: dict[str, set[str]] = {}
    for fault in FAULTS.values():
        has = [id_ for id_ in found.get(fault.name, ()) if id_ in ids]
        kept = [id_ for id_ in has if id_ in fault.caught_by]
        rarest = sorted(has, key=lambda id_: (number[id_], id_))
        plan[fault.name] = {*kept, *rarest[: 0 if kept else 2]}
    for id_ in ids:
        if not any(id_ in checks for checks in plan.values()):
            for name in [name for name, checks in found.items() if id_ in checks][:1]:
                plan[name].add(id_)
    return {name: [id_ for id_ in ids if id_ in checks] for name, checks in plan.items()}


def published(found: Mapping[str, Collection[str]]) -> dict[str, object]:
    """Return what is published: the checks, what found each fault, and the faults in words."""
    return {
        "checks": [check.id for check in catalogue()],
        "faults": {name: list(checks) for name, checks in found.items()},
        "sentences": {name: FAULTS[name].sentence for name in found},
    }


def as_text(data: Mapping[str, object]) -> str:
    """Return the text of what is kept."""
    return json.dumps(data, indent=1) + "\n"


def main() -> int:
    """Play the matrix, as the command line says."""
    parser = argparse.ArgumentParser(
        description="Play the checks on the small server and its faults."
    )
    parser.add_argument("--only", action="append", help="a server to play alone")
    parser.add_argument("--everything", action="store_true", help="every check on every fault")
    parser.add_argument("--declare", action="store_true", help="declare what was found")
    parser.add_argument("--write", action="store_true", help="write what is published")
    parser.add_argument("--workers", type=int, default=WORKERS, help="processes")
    arguments = parser.parse_args()
    plan = asked(everything=arguments.everything)
    if arguments.only:
        plan = {name: plan[name] for name in arguments.only}
    rows = whole(plan, workers=arguments.workers)
    for name, row in rows.items():
        print(f"{name}: found by {len(row.caught)}, {len(row.left_out)} left out")
        for check, said in {**row.caught, **row.left_out}.items():
            print(f"    {check}: {said}")
    found = {name: sorted(row.caught) for name, row in rows.items() if name in FAULTS}
    if arguments.only:
        known: dict[str, list[str]] = json.loads(DATA.read_text(encoding="utf-8"))["faults"]
        found = {name: found.get(name, known.get(name, [])) for name in FAULTS}
    if arguments.declare:
        CAUGHT_BY_FILE.write_text(as_text(declared(found)), encoding="utf-8")
    if arguments.write:
        declarations = declared(found) if arguments.declare else None
        DATA.write_text(as_text(published(found)), encoding="utf-8")
        PAGE.write_text(render(found, declarations), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
