"""What can be asked of a run."""

import fnmatch
import ipaddress
import random
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Literal
from urllib.parse import urlsplit

from multichat_conformance.catalogue import Check, Group
from multichat_conformance.target.model import Target

__all__ = ["ATTEMPTS", "Options", "groups_for", "is_loopback", "planned"]

ATTEMPTS: Final = 3
"""How often the story of a failure is told."""


@dataclass(frozen=True, slots=True)
class Options:
    """
    What can be asked of a run.

    Attributes:
        level: ``hardened`` judges both profiles, ``core`` that one alone.
        depth: How much model-based testing: ``none``, ``quick`` or ``deep``.
        groups: The groups that may run; None: as the target file says, or by where it is.
        only: Patterns of ids, areas or clauses; empty: everything.
        seed: Makes the random choices; the default is a random one.
        patience: Seconds to wait for what must come; None: from measured round trips.
        attempts: How often the story of a failure is told.
        fail_fast: Whether to give up at the first failure.
        stories: The folder in which failing stories of searches are kept.
        narrowed: What else makes the run less than whole, in words.

    """

    level: Literal["core", "hardened"] = "hardened"
    depth: Literal["none", "quick", "deep"] = "quick"
    groups: tuple[Group, ...] | None = None
    only: tuple[str, ...] = ()
    seed: int = field(default_factory=lambda: random.SystemRandom().randrange(2**32))
    patience: float | None = None
    attempts: int = ATTEMPTS
    fail_fast: bool = False
    stories: Path = Path(".multichat")
    narrowed: tuple[str, ...] = ()

    @property
    def filters(self) -> tuple[str, ...]:
        """What makes the run less than whole."""
        searches = ("no model-based runs",) if self.depth == "none" else ()
        return (*self.only, *searches, *self.narrowed)


def is_loopback(url: str) -> bool:
    """Return whether an address is on this machine."""
    host = urlsplit(url).hostname or ""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def groups_for(target: Target, options: Options) -> tuple[Group, ...]:
    """
    Return the groups that may run.

    What nobody asked for is chosen with care: against anything but the loopback only what
    cannot hurt; load nowhere.
    """
    if options.groups is not None:
        return options.groups
    if target.groups is not None:
        return target.groups
    if is_loopback(target.url):
        return (Group.SAFE, Group.INTRUSIVE, Group.LIFECYCLE)
    return (Group.SAFE,)


def planned(checks: Iterable[Check], options: Options) -> list[Check]:
    """Return the checks that a run consists of."""
    return [
        check
        for check in checks
        if (options.level == "hardened" or check.profile == "core")
        and (options.depth != "none" or not check.search)
        and (not options.only or any(_chosen(check, pattern) for pattern in options.only))
    ]


def _chosen(check: Check, pattern: str) -> bool:
    names = (check.id, check.area, *check.clauses)
    return any(fnmatch.fnmatchcase(name, pattern) for name in names)
