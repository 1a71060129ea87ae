"""What a check needs, held against what a target file gives."""

from dataclasses import replace

import pytest

from multichat_conformance.catalogue import Check, Group
from multichat_conformance.context import Context
from multichat_conformance.running.needs import inapplicable, missing
from multichat_conformance.secrets import Redactor
from multichat_conformance.target import Account, Hooks, Limits, Login, Room, Start, Target
from multichat_conformance.target.login import Sessions
from multichat_conformance.target.process import TargetProcess
from multichat_conformance.timing import RoundTrips
from tests.conformance.a_check import a_check

FULL = Target(
    url="ws://127.0.0.1:1/",
    accounts=(
        Account("ann", "a-secret"),
        Account("ben", "a-secret"),
        Account("cat", "a-secret"),
        Account("dan", "a-secret", staff=True),
    ),
    rooms=(Room("1"), Room("2"), Room("3", staff_only=True)),
    limits=Limits(frame_bytes=1000, message_length=0),
    hooks=Hooks("http://127.0.0.1:1/", ("make_staff", "stop"), {"start": ("run",)}),
)


def context(target: Target) -> Context:
    redactor = Redactor()
    return Context(
        target=target,
        redactor=redactor,
        sessions=Sessions(target, redactor, patience=1.0),
        round_trips=RoundTrips(),
        process=TargetProcess(target) if target.start else None,
    )


def lacks(check: Check, target: Target) -> str:
    return missing(check, context(target), tuple(Group))


EVERYTHING = a_check(
    actors=("alice", "bob", "carol", "dave"),
    rooms=2,
    staff_room=True,
    hooks=("make_staff", "start"),
    limits=("frame_bytes", "message_length"),
    claims=("announces",),
    restart=True,
    logout=True,
)


def test_who_gives_everything_lacks_nothing() -> None:
    assert lacks(EVERYTHING, FULL) == ""
    assert inapplicable(EVERYTHING, FULL) == ""


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"accounts": FULL.accounts[:2]}, "needs an account for carol: add [[accounts]]"),
        ({"accounts": FULL.accounts[:3]}, "needs a staff account: add [[accounts]]"),
        ({"accounts": ()}, "needs an account for alice: add [[accounts]]"),
        ({"rooms": FULL.rooms[1:]}, "needs 2 open rooms: add [[rooms]]"),
        ({"rooms": FULL.rooms[:2]}, "needs a staff room: add [[rooms]] with staff_only = true"),
        (
            {"limits": replace(FULL.limits, rooms_per_connection=1)},
            "and limits.rooms_per_connection is 1: raise the target's limit",
        ),
        ({"hooks": Hooks()}, "needs the hook make_staff: add it to [hooks]"),
        ({"limits": Limits(frame_bytes=1)}, "needs the stated limit: add limits.message_length"),
        ({"login": Login(recipe="cookie")}, "login.recipe is not django-form"),
        (
            {"hooks": Hooks("http://127.0.0.1:1/", ("make_staff", "start"))},
            "needs to stop and start the target: add [start], or the hooks stop and start",
        ),
    ],
)
def test_what_is_missing_is_named_with_its_remedy(given: dict[str, object], said: str) -> None:
    assert said in lacks(EVERYTHING, replace(FULL, **given))  # type: ignore[arg-type]  # fields of a target


def test_a_target_that_the_suite_starts_needs_no_hooks_to_restart() -> None:
    started = replace(FULL, hooks=Hooks(), start=Start(("run",)))

    assert lacks(a_check(restart=True), started) == ""


def test_a_limit_of_zero_is_stated() -> None:
    assert lacks(a_check(limits=("message_length",)), FULL) == ""


@pytest.mark.parametrize("limit", [2, False, None])
def test_as_many_rooms_as_a_connection_may_be_in_are_enough(limit: float | None) -> None:
    stated = replace(FULL, limits=Limits(rooms_per_connection=limit))

    assert lacks(a_check(rooms=2), stated) == ""


@pytest.mark.parametrize("group", Group)
def test_a_group_that_was_not_asked_for_is_said_first(group: Group) -> None:
    check = a_check(group=group, hooks=("delete_user",))
    others = tuple(other for other in Group if other is not group)

    assert f"add --group {group}" in missing(check, context(FULL), others)
    assert "delete_user" in missing(check, context(FULL), (group,))


@pytest.mark.parametrize(
    ("check", "target", "said"),
    [
        (a_check(claims=("announces",)), replace(FULL, announces=False), "capabilities.announces"),
        (
            a_check(limits=("backlog_bytes",)),
            replace(FULL, limits=Limits(backlog_bytes=False)),
            "limits.backlog_bytes = false",
        ),
    ],
)
def test_what_is_not_claimed_does_not_apply(check: Check, target: Target, said: str) -> None:
    assert said in inapplicable(check, target)
    assert inapplicable(check, FULL) == ""
