"""
hypothesis, driven by a seed and by the clock.

**A seed gives the same programs everywhere.** hypothesis mixes constants that it finds in the
source files of loaded modules into what it draws, so the programs would depend on who runs them.
There is no public way to have it leave that alone; :func:`_nothing_from_source_files` does, and a
test notices if a version of hypothesis works differently. Nothing is kept on disk.

**The clock decides when it is enough**, since targets differ a hundredfold in speed. hypothesis
is left by an exception of our own, which it lets pass.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final, TypeVar

import hypothesis
from hypothesis import HealthCheck, Phase, Verbosity
from hypothesis.internal.conjecture.providers import HypothesisProvider
from hypothesis.strategies import SearchStrategy

__all__ = ["explore"]

_T = TypeVar("_T")

ROUND: Final = 40
"""Programs of one round. hypothesis begins each with small ones, more of them the more it is
asked for, and later mixes what it has drawn; several short rounds give more different ones."""

MOST_EXAMPLES: Final = 100_000
_CONSTANTS: Final = "_maybe_draw_constant"


class _Enough(BaseException):
    """It is time to stop."""


def explore(
    strategy: SearchStrategy[_T],
    fails: Callable[[_T], bool],
    *,
    seed: int,
    seconds: float,
    enough: Callable[[], bool] = lambda: False,
    most: int = MOST_EXAMPLES,
    clock: Callable[[], float] = time.monotonic,
) -> None:
    """
    Try programs until one fails or time is over.

    Args:
        strategy: Makes the programs.
        fails: Tries one and says whether it fails.
        seed: Makes the choices.
        seconds: How long to look for a failure; at least one program is tried.
        enough: Says that nothing more is to be tried.
        most: The most programs to look at.
        clock: Returns seconds.

    """
    until = clock() + seconds
    tried = 0

    def attempt(program: _T) -> None:
        nonlocal tried
        if (tried and clock() >= until) or enough():
            raise _Enough
        tried += 1
        if fails(program):
            raise _Enough

    settings = hypothesis.settings(
        max_examples=ROUND,
        phases=(Phase.generate,),
        database=None,
        deadline=None,
        derandomize=False,
        report_multiple_bugs=False,
        print_blob=False,
        verbosity=Verbosity.quiet,
        backend="hypothesis",
        suppress_health_check=[
            HealthCheck.data_too_large,
            HealthCheck.filter_too_much,
            HealthCheck.large_base_example,
            HealthCheck.too_slow,
        ],
    )
    with _nothing_from_source_files():
        for number in range(-(-most // ROUND)):
            search = hypothesis.seed(f"{seed}/{number}")(
                settings(hypothesis.given(strategy)(attempt))
            )
            try:
                search()
            except _Enough:
                break


@contextmanager
def _nothing_from_source_files() -> Iterator[None]:
    before = getattr(HypothesisProvider, _CONSTANTS, None)
    if before is None:
        yield
        return
    setattr(HypothesisProvider, _CONSTANTS, lambda *_, **__: None)
    try:
        yield
    finally:
        setattr(HypothesisProvider, _CONSTANTS, before)
