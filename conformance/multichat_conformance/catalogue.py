"""
The checks there are: how one is declared, found and named.

A check is a function that tells a story, in a module of :mod:`multichat_conformance.checks`;
the decorator :func:`check` says what it is about and what it needs. Its id is made from the
module's and the function's name, so it stands written once, and it is permanent: other people's
deviation files and reports cite it (``checks/ids.txt`` lists every id that was ever published).
"""

import importlib
import inspect
import pkgutil
from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

import multichat_spec

if TYPE_CHECKING:
    from multichat_conformance.running.workshop import Workshop
    from multichat_conformance.stage import Stage

__all__ = [
    "PLAIN_ROLES",
    "STAFF_ROLE",
    "Check",
    "Group",
    "Needs",
    "catalogue",
    "check",
    "clause_ids",
    "find",
    "level_of",
]

Story: TypeAlias = "Callable[[Stage], Awaitable[None]]"
"""Tells one story on a stage of its own, within Trio."""

Search: TypeAlias = "Callable[[Workshop], None]"
"""Tells many stories, which it makes up itself, outside Trio: model-based runs and fuzzing."""

PLAIN_ROLES = ("alice", "bob", "carol")
"""What the plain accounts of a target file are called in stories, in the file's order."""

STAFF_ROLE = "dave"
"""What the first staff account is called."""


class Group(StrEnum):
    """How much a check may hurt the target."""

    SAFE = "safe"
    INTRUSIVE = "intrusive"
    LIFECYCLE = "lifecycle"
    LOAD = "load"


@dataclass(frozen=True, slots=True)
class Needs:
    """
    What a story needs of the target file. What is missing makes it *not tested*.

    Attributes:
        actors: Roles with an account: alice, bob and carol are plain, dave is staff.
        rooms: How many open rooms, the one that fences use included; a connection may be in all
            of them at once.
        staff_room: Whether a staff room.
        hooks: Names of hooks.
        limits: Names of stated limits; one that the target says it does not have (``false``)
            makes the check *not applicable*.
        claims: Names of capabilities; one that is not claimed makes it *not applicable*.
        restart: Whether the suite must be able to stop and start the target.
        logout: Whether a session must be one that the suite can end (a login form).
        visitor: Whether anybody will do: alice where she has an account and a room, otherwise a
            stranger, if the target lets strangers connect.

    """

    actors: tuple[str, ...] = ()
    rooms: int = 0
    staff_room: bool = False
    hooks: tuple[str, ...] = ()
    limits: tuple[str, ...] = ()
    claims: tuple[str, ...] = ()
    restart: bool = False
    logout: bool = False
    visitor: bool = False


@dataclass(frozen=True, slots=True)
class Check:
    """
    One check of the suite.

    Attributes:
        area: The module's name, which groups checks in reports.
        name: The function's name with dashes.
        title: The first sentence of its docstring, without the full stop.
        about: The rest of the docstring: why it is checked, and why in this way.
        clauses: What it checks; the first is blamed where the story does not say.
        group: How much it may hurt the target.
        needs: What it needs.
        cause: The likely cause of a failure, for the failure card.
        search: Whether it makes up its stories itself.
        aside: Whether its story almost only waits, and may be told beside others.
        story: The function.

    """

    area: str
    name: str
    title: str
    about: str
    clauses: tuple[str, ...]
    group: Group
    needs: Needs
    cause: str
    search: bool
    story: Callable[..., Any]
    aside: bool = False

    @property
    def id(self) -> str:
        """The permanent id, such as ``join.second-join-is-announced-to-nobody``."""
        return f"{self.area}.{self.name}"

    @property
    def profile(self) -> Literal["core", "hardened"]:
        """``hardened`` if any of its clauses is."""
        profiles = {_requirements()[clause].profile for clause in self.clauses}
        return "hardened" if "hardened" in profiles else "core"

    @property
    def level(self) -> Literal["MUST", "SHOULD", "MAY"]:
        """How binding its clauses are: a failure is a fail, a warning or an observation."""
        return level_of(self.clauses[0])


def level_of(clause: str) -> Literal["MUST", "SHOULD", "MAY"]:
    """Return how binding a clause is."""
    word = _requirements()[clause].keyword.split()[0]
    return word if word in ("SHOULD", "MAY") else "MUST"  # type: ignore[return-value]  # narrowed


def clause_ids() -> Collection[str]:
    """Return the ids of all clauses."""
    return _requirements().keys()


@cache
def _requirements() -> Mapping[str, multichat_spec.Requirement]:
    return {requirement.id: requirement for requirement in multichat_spec.requirements()}


_found: dict[str, Check] = {}

_F = Callable[..., Any]


def check(
    *clauses: str,
    actors: tuple[str, ...] = (),
    visitor: bool = False,
    rooms: int | None = None,
    staff_room: bool = False,
    hooks: tuple[str, ...] = (),
    limits: tuple[str, ...] = (),
    claims: tuple[str, ...] = (),
    restart: bool = False,
    logout: bool = False,
    group: Group = Group.SAFE,
    cause: str = "",
    search: bool = False,
    aside: bool = False,
) -> Callable[[_F], _F]:
    """
    Declare a function of this package to be a check; see :class:`Check` and :class:`Needs`.

    Args:
        clauses: What it checks, the one that its story is about first.
        actors: Roles with an account.
        visitor: Whether anybody will do, a stranger if need be; see `stage.visitor`.
        rooms: How many open rooms; None: two if there are actors (one for the story, one for
            the fence), else none.
        staff_room: Whether a staff room.
        hooks: Names of hooks.
        limits: Names of stated limits.
        claims: Names of capabilities.
        restart: Whether the target must be stopped and started.
        logout: Whether a session must be one that the suite can end.
        group: How much it may hurt the target.
        cause: The likely cause of a failure, in a sentence or two.
        search: Whether the function makes up its stories itself, outside Trio.
        aside: Whether its story almost only waits, touches nothing but its own actors and rooms,
            and may so be told beside others.

    """

    def declare(story: _F) -> _F:
        title, _, about = inspect.cleandoc(story.__doc__ or "").partition("\n")
        found = Check(
            area=story.__module__.rpartition(".")[2],
            name=story.__name__.replace("_", "-"),
            title=title.rstrip("."),
            about=about.strip(),
            clauses=clauses,
            group=group,
            needs=Needs(
                actors=actors,
                visitor=visitor,
                rooms=(2 if actors else 0) if rooms is None else rooms,
                staff_room=staff_room,
                hooks=hooks,
                limits=limits,
                claims=claims,
                restart=restart,
                logout=logout,
            ),
            cause=cause,
            search=search,
            story=story,
            aside=aside,
        )
        if found.id in _found and _found[found.id].story.__qualname__ != story.__qualname__:
            raise ValueError(f"two checks are named {found.id}")
        _found[found.id] = found
        return story

    return declare


@cache
def catalogue() -> tuple[Check, ...]:
    """Return every check, in the order of the areas and of the functions in their modules."""
    from multichat_conformance import checks

    for module in pkgutil.iter_modules(checks.__path__, f"{checks.__name__}."):
        importlib.import_module(module.name)
    order = {area: place for place, area in enumerate(checks.AREAS)}
    return tuple(sorted(_found.values(), key=lambda found: order[found.area]))


def find(name: str) -> Check | None:
    """Return the check with an id, or None."""
    return next((found for found in catalogue() if found.id == name), None)
