"""Variants: each is told, each that goes wrong is named, in the order in which they are given."""

from typing import cast

import pytest
import trio
import trio.testing

from multichat_conformance.actors import PoliteActor
from multichat_conformance.events import Finding
from multichat_conformance.findings import NotTested, Violation
from multichat_conformance.stage import Stage
from multichat_conformance.variants import AT_ONCE, EACH_CONNECTION, each, in_turn, variant


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


class Connections:
    """Stands for a stage: counts the connections that are asked for."""

    def __init__(self) -> None:
        self.made = 0

    async def actor(self, role: str) -> str:
        self.made += 1
        return f"{role}-{self.made}"


async def test_variants_in_turn_share_connections() -> None:
    stage = Connections()
    told: dict[str, list[int]] = {}

    async def story(actor: PoliteActor, value: int) -> None:
        told.setdefault(str(actor), []).append(value)

    numbers = {str(number): number for number in range(EACH_CONNECTION + 2)}
    await in_turn(cast(Stage, stage), "alice", numbers, story)

    assert stage.made == 2
    assert sorted(told.values(), key=len, reverse=True) == [
        [*range(EACH_CONNECTION)],
        [EACH_CONNECTION, EACH_CONNECTION + 1],
    ]


async def test_after_a_wrong_one_its_connection_is_left_alone() -> None:
    told = []

    async def story(actor: PoliteActor, value: int) -> None:  # noqa: ARG001  one is like another
        told.append(value)
        if value == 1:
            raise violation()

    numbers = {str(number): number for number in range(5)}
    with pytest.raises(Violation, match=r"^1: it is wrong$"):
        await in_turn(cast(Stage, Connections()), "alice", numbers, story)

    assert told == [0, 1]
