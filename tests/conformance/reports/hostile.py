"""Texts as a hostile target would write them, and events that carry them everywhere."""

from dataclasses import replace

from hypothesis import strategies as st

from multichat_conformance.events import Attempt, Event, Finding, Line
from multichat_conformance.outcomes import Outcome
from tests.conformance.reports import made_up

PIECES = (
    "\x1b[31m",
    "\x9b2J",
    "\x07",
    "\x00",
    "\x7f",
    "\r\n",
    "\u202e",
    "\u2028",
    "\ud800",
    "\ufffe",
    "\ufe0f",
    "日本",
    "a\u0301\u0301\u0301\u0301\u0301\u0301",
    "]]>",
    "<script>",
    "</details>",
    "<!--",
    "-->",
    "&lt;",
    "|",
    "\\|",
    "\\",
    "`",
    "``",
    "````",
    "~~~",
    "\n\n# x",
    "@all",
    "#1",
    "www.example.com",
    "https://example.com",
    "a@example.com",
    "[x](javascript:x)",
    "![x](y)",
    "**",
    "__",
    '"',
    "'",
    " ",
)

TEXTS = st.one_of(
    st.text(st.characters()),
    st.lists(st.one_of(st.sampled_from(PIECES), st.text(max_size=3)), max_size=8).map("".join),
)
"""Any text, and texts made of what means something somewhere."""

OUTCOMES = st.sampled_from(list(Outcome))


def run_with(text: str, outcome: Outcome) -> list[Event]:
    """Return a run in which every text that can come from outside is the given one."""
    finding = Finding("MC1-JOIN-02", text, text, text, "bob")
    lines = tuple(
        Line(1.0, actor, direction, "text", text)
        for actor in ("bob", text)
        for direction in ("sent", "received", "note")
    )
    check = replace(
        made_up.check("join.room-is-joined", text, outcome),
        reason=text,
        cause=text,
        link=text,
        notes=(text,),
        attempts=(Attempt(1, 1.0, finding, lines), Attempt(2, 1.0, None, lines)),
    )
    return [
        replace(made_up.STARTED, target=text, url=text, filters=(text,)),
        replace(made_up.READY, notes=(text,)),
        check,
        replace(
            made_up.FINISHED, sentence=text, deviations=(text,), clauses_failed=("MC1-JOIN-02",)
        ),
    ]
