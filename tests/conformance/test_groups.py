"""What a check may do to a target is what its group says, as docs/conformance.md has it."""

import pytest

from multichat_conformance.catalogue import Check, Group, catalogue
from multichat_conformance.explain import GROUPS
from multichat_conformance.model import programs, search
from multichat_conformance.model.story import HOOKS as STEPS
from multichat_conformance.model.story import Story
from multichat_conformance.running import Options, Run
from multichat_conformance.running.workshop import Workshop
from multichat_conformance.target.model import HOOKS
from tests.conformance.small_server.threaded import served

TAKING = {
    "make_plain",
    "deactivate",
    "change_password",
    "delete_user",
    "make_staff_room",
    "delete_room",
    "expire_session",
    "store_away",
    "stop",
}
"""The hooks that take something away or delete it."""

GIVING = {
    "make_staff",
    "activate",
    "rename_user",
    "create_user",
    "make_open_room",
    "create_room",
    "announce",
    "store_back",
    "start",
}


def checks(profile: str) -> list[Check]:
    return [check for check in catalogue() if check.profile == profile]


def test_every_hook_gives_or_takes() -> None:
    assert set(HOOKS) == TAKING | GIVING
    assert not TAKING & GIVING


@pytest.mark.parametrize("check", checks("core"), ids=lambda check: check.id)
def test_a_core_check_is_safe(check: Check) -> None:
    assert check.group is Group.SAFE


@pytest.mark.parametrize("check", checks("hardened"), ids=lambda check: check.id)
def test_a_hardened_check_that_takes_away_is_not_safe(check: Check) -> None:
    if TAKING & set(check.needs.hooks) or check.needs.restart:
        assert check.group is not Group.SAFE


def test_the_words_for_the_groups_say_so() -> None:
    assert "the hooks of core checks" in GROUPS[Group.SAFE]
    assert "hooks by which hardened checks take rights away or delete" in GROUPS[Group.INTRUSIVE]


@pytest.mark.parametrize(
    ("groups", "takes"), [((Group.SAFE,), False), ((Group.SAFE, Group.INTRUSIVE), True)]
)
def test_made_up_stories_keep_to_the_groups(
    groups: tuple[Group, ...], takes: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[bool] = []

    def revoking(*_: object, revoking: bool, **__: object) -> None:
        made.append(revoking)

    monkeypatch.setattr(programs, "programs", revoking)
    monkeypatch.setattr(search, "search", lambda *_: None)
    check = next(check for check in catalogue() if check.id == "model.rooms-interleaved")
    with served() as target:
        run = Run(target, Options(groups=groups), lambda _: None)
        check.story(Workshop(check, run.context))

    assert made == [takes]


def test_a_story_that_may_take_nothing_away_pulls_no_hook() -> None:
    from multichat_conformance.model.seeded import explore

    offers = programs.Offers(("alice", "bob", "dave"), {"A": "1", "staff": "3"}, frozenset(HOOKS))
    told: list[Story] = []

    def keep(story: Story) -> bool:
        told.append(story)
        return False

    strategy = programs.programs("model.x", "pipelined", offers, longest=24, revoking=False)
    explore(strategy, keep, seed=1, seconds=60, most=60, clock=lambda: 0.0)

    assert told
    assert not any(story.hooks() for story in told)
    assert not any(step.do in STEPS for story in told for step in story.steps)
