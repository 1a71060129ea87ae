"""The model against itself: a right server passes, each mistake is found and shrinks."""

from collections.abc import Callable, Iterator

import pytest

from multichat_conformance.model.judging import Judgement, judge
from multichat_conformance.model.programs import Offers, programs
from multichat_conformance.model.records import Records
from multichat_conformance.model.seeded import explore
from multichat_conformance.model.shrinking import shortened
from multichat_conformance.model.story import Pace, Step, Story
from tests.conformance.model.simulated import MISTAKES, ROOMS, simulate

OFFERS = Offers(("alice", "bob", "carol", "dave"), ROOMS, frozenset({"make_staff_room"}))


def stories(pace: Pace, *, most: int, seed: int = 1) -> list[Story]:
    """Return what a seed gives."""
    found: list[Story] = []
    strategy = programs("model.x", pace, OFFERS, longest=20, revoking=pace == "pipelined")

    def keep(story: Story) -> bool:
        found.append(story)
        return False

    explore(strategy, keep, seed=seed, seconds=60, most=most, clock=lambda: 0.0)
    return found


def smallest_failing(pace: Pace, tell: Callable[[Story, int], Records]) -> tuple[Story, set[str]]:
    """Return a story that fails, made short, and the kinds of fault that it shows."""
    failing: list[Story] = []

    def judgements(story: Story) -> Iterator[Judgement]:
        # Chance decides what overtakes what: some interleavings of each story are tried.
        return (judge(tell(story, seed)) for seed in range(4))

    def fails(story: Story) -> bool:
        return any(one.faults or one.lacks for one in judgements(story))

    def keep(story: Story) -> bool:
        failing.extend([story] * fails(story))
        return bool(failing)

    strategy = programs("model.x", pace, OFFERS, longest=20, revoking=False)
    explore(strategy, keep, seed=3, seconds=60, most=400, clock=lambda: 0.0)
    assert failing, "the mistake was not found"
    story = shortened(failing[0], fails)
    kinds: set[str] = {
        fault.kind
        for one in judgements(story)
        for fault in [*one.faults, *(lack.fault for lack in one.lacks)]
    }
    return story, kinds


@pytest.mark.parametrize("pace", ["closed-loop", "pipelined"])
def test_a_right_server_is_never_accused(pace: Pace) -> None:
    for number, story in enumerate(stories(pace, most=40)):
        judgement = judge(simulate(story, seed=number))

        assert not judgement.faults, (judgement.faults[0], story.words())
        assert not judgement.lacks, (judgement.lacks[0].fault, story.words())


def test_the_original_is_not_accused_in_closed_loop() -> None:
    """It announces second joins and strangers' leaves, and no disconnect (section 12)."""
    for number, story in enumerate(stories("closed-loop", most=40)):
        judgement = judge(simulate(story, seed=number, like_2016=True))

        assert not judgement.faults, (judgement.faults[0], story.words())
        assert not judgement.lacks, (judgement.lacks[0].fault, story.words())


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_is_found_and_shrinks(mistake: str) -> None:
    story, kinds = smallest_failing(
        "pipelined", lambda story, seed: simulate(story, mistake, seed=seed)
    )

    assert kinds & MISTAKES[mistake], (kinds, story.words())
    assert len(story.steps) <= 8, story.words()


@pytest.mark.parametrize(
    "mistake", ["leak", "loss", "duplicate", "ghost", "ghost may send", "own enter", "wrong name"]
)
def test_a_mistake_in_core_is_found_in_closed_loop(mistake: str) -> None:
    story, kinds = smallest_failing(
        "closed-loop", lambda story, seed: simulate(story, mistake, seed=seed)
    )

    assert kinds & MISTAKES[mistake], (kinds, story.words())
    assert len(story.steps) <= 8, story.words()


def test_revoked_members_see_nothing_more() -> None:
    """Two plain members of a room that is made a staff room get left alone (MC1-REVOKE-07)."""
    steps = (
        Step("join", "alice", "A"),
        Step("join", "bob", "A"),
        Step("wait"),
        Step("make-staff-room", room="A"),
        Step("send", "alice", "A"),
    )
    story = Story("model.x", "pipelined", True, steps)
    records = simulate(story)
    assert judge(records).faults == ()
    bob = records.tapes[1]

    # As if bob had been told of alice, who lost the room with him.
    leave = next(got for got in bob.got if got.kind == "leave")
    farewell = {"room": "1", "message": None, "username": "alice", "msg_type": 5}
    bob.got.insert(bob.got.index(leave), type(leave)(leave.moment - 1, farewell))

    assert {fault.clause for fault in judge(records).faults} == {"MC1-REVOKE-07"}


def test_same_seed_same_programs() -> None:
    assert stories("pipelined", most=40, seed=7) == stories("pipelined", most=40, seed=7)
    assert stories("pipelined", most=40, seed=7) != stories("pipelined", most=40, seed=8)
