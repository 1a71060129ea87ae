"""What is known of a clause or a check stands on one page, and nothing in it drives a terminal."""

import json
from pathlib import Path

import pytest

import multichat_spec
from multichat_conformance import explain as explaining
from multichat_conformance.catalogue import Group, Needs, catalogue, find
from multichat_conformance.explain import (
    GROUPS,
    UnknownId,
    explain,
    faults_caught_by,
    needs_in_words,
)

CHECK = "join.second-join-is-announced-to-nobody"


def words(text: str) -> str:
    return " ".join(text.split())


@pytest.mark.parametrize("clause", multichat_spec.requirements(), ids=lambda clause: clause.id)
def test_each_clause_is_explained(clause: multichat_spec.Requirement) -> None:
    text = explain(clause.id)

    assert text.startswith(f"{clause.id}  {clause.keyword}, {clause.profile}, binds ")
    assert f"Section {clause.section.number}, {clause.section.title}\n" in text
    assert words(clause.text) in words(text)
    assert words(clause.check.how)[1:] in words(text)
    assert ("Why it is not checked" in text) is not clause.check.possible
    assert all(character.isprintable() or character == "\n" for character in text)


def test_each_check_is_explained() -> None:
    for check in catalogue():
        text = explain(check.id)

        assert text.startswith(f"{check.id}  {check.level}, {check.profile}, {check.group}\n")
        assert words(check.title) in words(text)
        assert words(check.cause) in words(text)
        assert all(clause in text for clause in check.clauses)
        assert f"multichat conformance run --target target.toml --only {check.id}\n" in text
        assert all(character.isprintable() or character == "\n" for character in text)


def test_a_clause_names_its_checks_and_their_causes() -> None:
    check = find(CHECK)
    assert check is not None
    text = explain("MC1-JOIN-07")

    assert f"  {CHECK}\n" in text
    assert f"Likely cause of a failure: {words(check.cause)}" in words(text)
    assert "multichat conformance run --target target.toml --only MC1-JOIN-07" in text


def test_examples_that_cite_the_clause_are_shown() -> None:
    """Right ones and wrong ones, each with what it shows."""
    shown = [e for e in multichat_spec.examples() if "MC1-JSON-01" in e.clauses]
    assert {example.valid for example in shown} == {True, False}
    text = explain("MC1-JSON-01")

    right, _, wrong = text.partition("\nWrong\n")
    assert multichat_spec.expand(next(e for e in shown if e.valid).frame) in right
    assert wrong


def test_an_id_in_small_letters_will_do() -> None:
    assert explain("mc1-join-07") == explain("MC1-JOIN-07")


def test_lines_fit_the_width() -> None:
    frames = {line for line in explain("MC1-JSON-01").splitlines() if line.startswith("  ")}
    for line in explain("MC1-JOIN-07", width=60).splitlines():
        assert len(line) <= 60 or line in frames or "multichat conformance" in line


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        # In two pieces, lest it count as a clause that the project cites.
        ("MC1-JOIN-" + "99", "near are MC1-JOIN-"),
        ("join.second-join-is-announced-to-nobod", f"near are {CHECK}"),
        ("x" * 40, "see multichat conformance list"),
    ],
)
def test_an_unknown_id_is_said_with_what_is_near(name: str, hint: str) -> None:
    with pytest.raises(UnknownId) as caught:
        explain(name)

    assert repr(name) in str(caught.value)
    assert hint in str(caught.value)


def test_each_group_is_described() -> None:
    assert set(GROUPS) == set(Group)


def test_needs_are_said_in_words() -> None:
    assert list(needs_in_words(Needs())) == []
    assert list(needs_in_words(Needs(("alice", "dave"), 1, staff_room=True))) == [
        "1 plain account",
        "a staff account",
        "1 open room",
        "a staff room",
    ]
    many = Needs(
        ("alice", "bob"), 2, False, ("announce",), ("frame_bytes",), ("announces",), True, True
    )
    assert list(needs_in_words(many)) == [
        "2 plain accounts",
        "2 open rooms",
        "the hook announce",
        "limits.frame_bytes",
        "capabilities.announces",
        "[start], or the hooks stop and start",
        "a login form",
    ]


def test_faults_come_from_the_matrix(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(explaining, "files", lambda _: tmp_path)
    matrix = {
        "checks": [CHECK],
        "faults": {"echo": [], **{f"twice-{place}": [CHECK] for place in range(5)}},
        "sentences": {"echo": "No.", **{f"twice-{place}": f"Twice {place}." for place in range(5)}},
    }
    (tmp_path / "matrix.json").write_text(json.dumps(matrix))

    assert faults_caught_by(CHECK) == tuple(f"Twice {place}." for place in range(5))
    assert "Mistake that it finds: Twice 0." in explain(CHECK)
    assert "and 2 more" in explain(CHECK)
    assert "Twice 3" not in explain(CHECK)
