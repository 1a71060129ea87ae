"""
Variants: one story told of many inputs that differ in one thing, side by side.

Each variant has a name, and a finding says which it was.
"""

from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Final, TypeVar

import trio

from multichat_conformance.actors import PoliteActor
from multichat_conformance.findings import Violation
from multichat_conformance.stage import Stage

__all__ = ["AT_ONCE", "EACH_CONNECTION", "each", "in_turn", "variant"]

_T = TypeVar("_T")

AT_ONCE: Final = 8
"""Variants that are tried side by side: enough to be quick, too few to trouble a server."""

EACH_CONNECTION: Final = 10
"""Variants that share a connection. With two or three commands each they stay below what every
server takes at once (MC1-LIMIT-06)."""

_NAMED: Final = 4
"""How many of the others that went wrong a finding names."""


@contextmanager
def variant(name: str) -> Iterator[None]:
    """Say in a finding which variant it was."""
    try:
        yield
    except Violation as exc:
        finding = exc.finding
        raise Violation(replace(finding, summary=f"{name}: {finding.summary}")) from exc


async def each(variants: Mapping[str, _T], story: Callable[[_T], Awaitable[None]]) -> None:
    """
    Tell a story of every variant, several at once.

    Args:
        variants: Names, and what the story is given.
        story: Is told once a variant.

    Raises:
        Violation: That of the first variant that went wrong, in the order in which they are
            given; it names the others.

    """
    limiter = trio.CapacityLimiter(AT_ONCE)
    wrong = _Wrong()

    async def tell(name: str, value: _T) -> None:
        async with limiter:
            with wrong.collected(name):
                await story(value)

    async with trio.open_nursery() as nursery:
        for name, value in variants.items():
            nursery.start_soon(tell, name, value)
    wrong.raise_first(variants)


async def in_turn(
    stage: Stage,
    role: str,
    variants: Mapping[str, _T],
    story: Callable[[PoliteActor, _T], Awaitable[None]],
) -> None:
    """
    Tell a story of every variant on a few connections of one user, one after the other on each.

    What follows on a connection on which one went wrong is left out.

    Args:
        stage: Where the actors come from.
        role: Whose connections.
        variants: Names, and what the story is given.
        story: Is told once a variant, by an actor that the next variant uses, too.

    Raises:
        Violation: As :func:`each` does.

    """
    wrong = _Wrong()

    async def tell(part: Sequence[tuple[str, _T]]) -> None:
        actor = await stage.actor(role)
        for name, value in part:
            with wrong.collected(name):
                await story(actor, value)
            if wrong.holds(name):
                return

    pairs = list(variants.items())
    async with trio.open_nursery() as nursery:
        for start in range(0, len(pairs), EACH_CONNECTION):
            nursery.start_soon(tell, pairs[start : start + EACH_CONNECTION])
    wrong.raise_first(variants)


class _Wrong:
    """Collects what went wrong, by the names of the variants."""

    def __init__(self) -> None:
        self._found: dict[str, Violation] = {}

    @contextmanager
    def collected(self, name: str) -> Iterator[None]:
        try:
            with variant(name):
                yield
        except Violation as exc:
            self._found[name] = exc

    def holds(self, name: str) -> bool:
        return name in self._found

    def raise_first(self, names: Iterable[str]) -> None:
        wrong = [name for name in names if name in self._found]
        if not wrong:
            return
        first = self._found[wrong[0]]
        finding = first.finding
        if len(wrong) > 1:
            named = "; ".join(wrong[1 : _NAMED + 1])
            more = f"; {len(wrong) - _NAMED - 1} more" if len(wrong) > _NAMED + 1 else ""
            finding = replace(finding, summary=f"{finding.summary} (also wrong: {named}{more})")
        raise Violation(finding) from first
