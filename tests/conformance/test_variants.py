"""Variants: each is told, each that goes wrong is named, in the order in which they are given."""

import pytest
import trio
import trio.testing

from multichat_conformance.events import Finding
from multichat_conformance.findings import NotTested, Violation
from multichat_conformance.variants import AT_ONCE, each, variant


def violation(summary: str = "it is wrong") -> Violation:
    return Violation(Finding("MC1-HAND-01", summary, "this", "that"))


def test_a_finding_says_which_variant_it_was() -> None:
    with (
        pytest.raises(Violation, match=r"^the blue one: it is wrong$") as caught,
        variant("the blue one"),
    ):
        raise violation()

    assert caught.value.finding.expected == "this"


def test_what_is_no_violation_passes_unchanged() -> None:
    with pytest.raises(NotTested, match=r"^no room$"), variant("the blue one"):
        raise NotTested("no room")


async def test_each_variant_is_told() -> None:
    told = set()

    async def story(value: int) -> None:
        told.add(value)

    await each({str(number): number for number in range(30)}, story)

    assert told == set(range(30))


async def test_only_some_are_told_at_once() -> None:
    now = most = 0

    async def story(value: int) -> None:  # noqa: ARG001  what it is does not matter
        nonlocal now, most
        now += 1
        most = max(most, now)
        await trio.testing.wait_all_tasks_blocked()
        now -= 1

    await each({str(number): number for number in range(30)}, story)

    assert most == AT_ONCE


async def test_the_first_wrong_one_is_reported_and_the_others_named() -> None:
    async def story(value: int) -> None:
        # The last one goes wrong first.
        for _ in range(10 - value):
            await trio.testing.wait_all_tasks_blocked()
        if value in (1, 3, 4):
            raise violation(f"{value} is wrong")

    with pytest.raises(Violation) as caught:
        await each({f"no. {number}": number for number in range(6)}, story)

    assert caught.value.finding.summary == "no. 1: 1 is wrong (also wrong: no. 3; no. 4)"


async def test_of_many_wrong_ones_some_are_named() -> None:
    async def story(value: int) -> None:
        raise violation(f"{value} is wrong")

    with pytest.raises(Violation) as caught:
        await each({f"no. {number}": number for number in range(9)}, story)

    assert caught.value.finding.summary.endswith("(also wrong: no. 1; no. 2; no. 3; no. 4; 4 more)")
