"""The form of a clause, and the mistakes that are told from it."""

import pytest

from multichat_spec import Check, Requirement, Section
from multichat_spec.clauses import ClauseError, Problem, parse, scan

# Built from its parts: the linter takes whole ids for citations.
ID = f"MC1-{'test'.upper()}-01"
HEAD = "# The text\n\n## 4. Commands\n\n### 4.2 Joining\n\n"


def problems(text: str) -> list[str]:
    return [str(item) for item in scan(text) if isinstance(item, Problem)]


def test_a_clause_is_read_whole() -> None:
    text = HEAD + (
        f"**{ID}** `hardened` A server MUST NOT answer\n"
        "with `ROOM_INVALID`, nor with `RATE_LIMITED`.\n"
        "*Check:* by looking\nat it.\n\nMore words.\n"
    )

    assert parse(text) == (
        Requirement(
            id=ID,
            section=Section("4.2", "Joining"),
            keyword="MUST NOT",
            profile="hardened",
            role="server",
            text="A server MUST NOT answer with `ROOM_INVALID`, nor with `RATE_LIMITED`.",
            check=Check(possible=True, how="by looking at it."),
            errors=("ROOM_INVALID", "RATE_LIMITED"),
        ),
    )


@pytest.mark.parametrize(
    ("subject", "role"),
    [("A server", "server"), ("A client", "client"), ("Either side", "both")],
)
def test_the_role_is_told_by_the_first_words(subject: str, role: str) -> None:
    (clause,) = parse(f"{HEAD}**{ID}** `core` {subject} MAY rest.\n*No check:* who knows.\n")

    assert clause.role == role
    assert clause.check == Check(possible=False, how="who knows.")


def test_a_keyword_that_is_talked_about_is_not_used() -> None:
    assert problems('The key words "MUST" and “MAY” and `SHOULD`.\n') == []


def test_code_is_not_looked_at() -> None:
    assert problems("```\nYou MUST.\n```\n\n~~~text\nYou MUST.\n~~~\n") == []


def test_a_problem_tells_its_line() -> None:
    assert problems("# Title\n\nOne\nYou MUST.\n") == ["line 4: MUST outside a clause with an id"]


@pytest.mark.parametrize("keyword", ["SHALL", "SHALL NOT", "REQUIRED", "RECOMMENDED", "OPTIONAL"])
def test_other_keywords_of_bcp_14_are_not_used(keyword: str) -> None:
    text = f"{HEAD}**{ID}** `core` A server {keyword} do it.\n*Check:* so.\n"

    assert problems(text) == [f"line 7: {ID} has to use one keyword exactly, not {keyword}"]


def test_a_clause_stands_in_a_numbered_section() -> None:
    text = f"# The text\n\n**{ID}** `core` A server MUST do it.\n*Check:* so.\n"

    assert problems(text) == [f"line 3: {ID} stands outside a numbered section"]


@pytest.mark.parametrize("check", ["*Check:*\n", "*No check:*\n", "Check: so.\n"])
def test_a_check_has_a_text(check: str) -> None:
    text = f"{HEAD}**{ID}** `core` A server MUST do it.\n{check}"

    assert problems(text) == [f"line 7: {ID} has no line *Check:* or *No check:* with a text"]


def test_parse_raises_at_the_first_problem() -> None:
    with pytest.raises(ClauseError, match=r"^line 1: MAY outside a clause with an id$"):
        parse("You MAY.\n\nYou MUST.\n")
