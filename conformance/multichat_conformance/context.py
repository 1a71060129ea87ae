"""What is known during a whole run: the target as it is reached, sessions, measurements."""

import math
import random
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from multichat_conformance.secrets import Redactor
from multichat_conformance.target.login import Sessions
from multichat_conformance.target.model import Account, Room, Target
from multichat_conformance.target.process import TargetProcess
from multichat_conformance.timing import RoundTrips

__all__ = ["Context"]


@dataclass(slots=True)
class Context:
    """
    What is known during a whole run.

    Attributes:
        target: With every name in braces filled in. A room that was seen with another title than
            the target file says has none here; see :meth:`is_titled_otherwise`.
        redactor: Knows the secrets.
        sessions: Logs accounts in.
        round_trips: What was measured.
        process: The target's process, if the suite has started it.
        keeps_order: Whether the target has shown that it keeps the order of what is pipelined.
        warm_ups: How often a first command was answered USER_HAS_TO_LOGIN and sent again.
        warms_up_by_joining: Whether actors warm up in a room, since the target answers no join of
            one that cannot exist.
        changed: When a hook was last pulled, by :func:`time.monotonic`; minus infinity: never.
        gone: Whether the target is given up, so that nothing can be put back.
        owed: Hooks that were to put something back and could not; they are tried again before
            the next story.
        farewells_missed: How often the LEAVE of one whose connection had ended was waited for in
            vain when a story was over.
        strangers: Names of other people who were seen in the rooms.
        takes_strangers: Whether the target was seen to let somebody connect without a session;
            it is looked at where there is no :attr:`visitor`.
        seed: Makes the random choices of the run.
        depth: How much model-based testing.
        stories: The folder in which failing stories of searches are kept.
        groups: The groups that may run; a search keeps to them in what it makes up.

    """

    target: Target
    redactor: Redactor
    sessions: Sessions
    round_trips: RoundTrips
    process: TargetProcess | None = None
    keeps_order: bool = False
    warm_ups: int = 0
    warms_up_by_joining: bool = False
    changed: float = -math.inf
    gone: bool = False
    owed: list[tuple[str, Mapping[str, str | int]]] = field(default_factory=list)
    farewells_missed: int = 0
    strangers: set[str] = field(default_factory=set)
    takes_strangers: bool = False
    seed: int = 0
    depth: str = "quick"
    stories: Path = Path(".multichat")
    groups: Collection[str] = ()
    _stories: int = 0
    _stated: dict[str, Room] = field(default_factory=dict)

    def reach(self, target: Target) -> None:
        """Take note of where the target is, now that it runs."""
        self.target = self._without_wrong_titles(target)
        self.redactor.hide_query(target.url)
        self.sessions.reach(target)

    def is_titled_otherwise(self, room: Room) -> None:
        """
        Take note that a room's title is not the one of the target file.

        Which of them is right is for the checks about titles to say (MC1-JOIN-02, MC1-JOIN-03);
        all others take whatever title the room has, so that they say what they are about.
        """
        self._stated.setdefault(room.id, room)
        self.target = self._without_wrong_titles(self.target)

    def as_stated(self, room: Room) -> Room:
        """Return a room as the target file has it, with the title that it should have."""
        return self._stated.get(room.id, room)

    def _without_wrong_titles(self, target: Target) -> Target:
        rooms = (replace(r, title=None) if r.id in self._stated else r for r in target.rooms)
        return replace(target, rooms=tuple(rooms))

    def new_mark(self) -> str:
        """Return what stands in every text of one story: no two stories share it."""
        self._stories += 1
        # Not of the seed: two runs on one server must not take each other's texts for theirs.
        return f"mc{random.SystemRandom().randrange(16**8):08x}-{self._stories}"

    @property
    def visitor(self) -> str | None:
        """Who tells the stories that anybody can tell: a role, or None for a stranger."""
        has_a_room = any(not room.staff_only for room in self.target.rooms)
        return "alice" if has_a_room and self.account("alice") is not None else None

    def account(self, role: str) -> Account | None:
        """Return who plays a role, or None if the target file has nobody for it."""
        return self.cast().get(role)

    def cast(self) -> dict[str, Account]:
        """Return who plays which role."""
        from multichat_conformance.catalogue import PLAIN_ROLES, STAFF_ROLE

        plain = (account for account in self.target.accounts if not account.staff)
        cast: dict[str, Account] = dict(zip(PLAIN_ROLES, plain, strict=False))
        staff = next((account for account in self.target.accounts if account.staff), None)
        if staff is not None:
            cast[STAFF_ROLE] = staff
        return cast
