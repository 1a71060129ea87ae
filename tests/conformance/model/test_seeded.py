"""hypothesis by seed and clock: the same programs everywhere, nothing on disk, an end in time."""

import hypothesis
import pytest
from hypothesis import strategies as st
from hypothesis.internal.conjecture.providers import HypothesisProvider

from multichat_conformance.model.seeded import ROUND, explore

NUMBERS = st.lists(st.integers(0, 10**9), max_size=8)


def drawn(seed: int, *, most: int = 2 * ROUND) -> list[list[int]]:
    found: list[list[int]] = []

    def keep(one: list[int]) -> bool:
        found.append(one)
        return False

    explore(NUMBERS, keep, seed=seed, seconds=1, most=most, clock=lambda: 0.0)
    return found


def test_a_seed_is_the_same_programs() -> None:
    assert drawn(5) == drawn(5)
    assert drawn(5) != drawn(6)


def test_the_programs_do_not_depend_on_loaded_source_files(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Hypothesis mixes such constants in; trips when a version of it does so in another way."""
    before = drawn(5)
    asked: list[object] = []

    def constant(*_: object, **__: object) -> int:
        asked.append(None)
        return 77

    # As if each number came from a source file; and what it is like without us.
    monkeypatch.setattr(HypothesisProvider, "_maybe_draw_constant", constant)
    once = hypothesis.settings(max_examples=2, database=None)
    once(hypothesis.given(st.integers(0, 10**9))(lambda _: None))()
    assert asked, "this version of hypothesis has its constants from somewhere else"
    asked.clear()

    assert drawn(5) == before
    assert not asked


def test_nothing_is_kept_on_disk(tmp_path: object, monkeypatch: pytest.MonkeyPatch) -> None:
    from pathlib import Path

    assert isinstance(tmp_path, Path)
    monkeypatch.chdir(tmp_path)

    drawn(7)

    assert list(tmp_path.iterdir()) == []


def test_time_ends_it_after_one_program_at_least() -> None:
    told: list[object] = []
    time = iter(range(0, 10_000, 100))

    def keep(one: list[int]) -> bool:
        told.append(one)
        return False

    explore(NUMBERS, keep, seed=1, seconds=1, clock=lambda: float(next(time)))

    assert len(told) == 1


def test_a_failure_ends_it() -> None:
    told: list[list[int]] = []

    def fails(one: list[int]) -> bool:
        told.append(one)
        return any(number > 1000 for number in one)

    explore(NUMBERS, fails, seed=1, seconds=60, clock=lambda: 0.0)

    assert [fails(one) for one in list(told)].count(True) == 1


def test_enough_is_enough() -> None:
    told: list[object] = []

    def keep(one: list[int]) -> bool:
        told.append(one)
        return False

    explore(NUMBERS, keep, seed=1, seconds=60, enough=lambda: len(told) >= 3, clock=lambda: 0.0)

    assert len(told) == 3
