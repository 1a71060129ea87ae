"""Every clause that can be seen at a server has a check, every other a reason; ids are for ever."""

from importlib.resources import files

import pytest

import multichat_spec
from multichat_conformance.catalogue import Check, Group, Needs, catalogue
from multichat_conformance.coverage import coverage, gaps, summary


async def nothing(_: object) -> None:
    pass


def a_check(*clauses: str) -> Check:
    return Check("join", "x", "X", "", clauses, Group.SAFE, Needs(), "", False, nothing)


def test_every_clause_that_can_be_seen_at_a_server_has_a_check() -> None:
    assert gaps() == ()


def test_every_other_clause_says_why_not() -> None:
    for row in coverage():
        assert bool(row.checks) or bool(row.reason), row.clause.id
        if row.clause.role == "client":
            assert row.reason, row.clause.id


def test_the_clauses_come_in_the_order_of_the_text() -> None:
    assert [row.clause for row in coverage()] == list(multichat_spec.requirements())


def test_a_check_cites_clauses_that_exist_and_can_be_checked() -> None:
    for check in catalogue():
        assert check.clauses, check.id
        for clause in check.clauses:
            assert multichat_spec.requirement(clause).check.possible, (check.id, clause)


def test_a_clause_without_a_check_is_seen() -> None:
    rows = {row.clause.id: row for row in coverage([a_check("MC1-JOIN-02", "MC1-JOIN-02")])}

    assert [check.name for check in rows["MC1-JOIN-02"].checks] == ["x"]
    assert rows["MC1-JOIN-04"].is_missing
    assert "MC1-JOIN-04" in gaps([])
    assert "MC1-JOIN-02" not in gaps([a_check("MC1-JOIN-02")])
    assert not rows["MC1-CLIENT-01"].is_missing
    assert "binds clients" in rows["MC1-CLIENT-01"].reason


def test_the_summary_counts() -> None:
    possible = sum(row.check.possible for row in multichat_spec.requirements())
    whole = len(multichat_spec.requirements())

    assert summary(coverage([a_check("MC1-JOIN-02")])) == (
        f"1 of {whole} clauses are checked; {whole - possible} cannot be seen at a server, and "
        f"each says why; {possible - 1} could be checked and are not."
    )
    everything = [a_check(*(r.id for r in multichat_spec.requirements() if r.check.possible))]
    assert "could be checked" not in summary(coverage(everything))


@pytest.fixture
def ledger() -> list[str]:
    file = files("multichat_conformance").joinpath("checks/ids.txt")
    return [line for line in file.read_text("utf-8").splitlines() if not line.startswith("#")]


def test_each_id_that_was_published_is_in_the_ledger(ledger: list[str]) -> None:
    """``make docs`` adds new ones. It never takes one away."""
    assert {check.id for check in catalogue()} - set(ledger) == set()


def test_no_id_was_taken_away(ledger: list[str]) -> None:
    """
    Deviation files and reports of other people cite them.

    A check that is given up stays in the ledger, with the word ``retired`` behind its id, and
    its id is not used again.
    """
    retired = {line.removesuffix(" retired") for line in ledger if line.endswith(" retired")}
    current = {line for line in ledger if not line.endswith(" retired")}

    assert current - {check.id for check in catalogue()} == set()
    assert retired & {check.id for check in catalogue()} == set()


def test_the_ledger_is_sorted_and_says_nothing_twice(ledger: list[str]) -> None:
    assert ledger == sorted(set(ledger))
