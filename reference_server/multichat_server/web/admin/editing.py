"""
What a form changes, when others may have changed the same since the form was shown.

A form sends, besides each field, what it showed there (``was_title`` for ``title``). Only what
differs is stored, so that two people who change different things at the same time both get their
way. Where both changed the same text, the second is shown what the first has put there. A form
that does not say what it showed means all that it says.
"""

from collections.abc import Callable
from dataclasses import dataclass

from multichat_server.password_rules import weakness
from multichat_server.storage import InvalidValue
from multichat_server.storage.names import valid_password
from multichat_server.web.page import Visit

__all__ = [
    "EditedFlag",
    "EditedText",
    "edited_flag",
    "edited_text",
    "password_errors",
    "refusal",
    "sentence",
]


@dataclass(frozen=True, slots=True)
class EditedText:
    """
    A field of text, as it came back.

    Attributes:
        shown: What the form shows if it is shown again.
        wanted: What is to be stored; ``None`` leaves it as it is.
        conflict: What somebody else has put there meanwhile; ``None`` if nobody has.

    """

    shown: str
    wanted: str | None = None
    conflict: str | None = None


@dataclass(frozen=True, slots=True)
class EditedFlag:
    """
    A box to check, as it came back.

    Attributes:
        shown: Whether it is checked if the form is shown again.
        wanted: What is to be stored; ``None`` leaves it as it is.

    """

    shown: bool
    wanted: bool | None = None


def edited_text(visit: Visit, name: str, current: str) -> EditedText:
    """
    Read a field of text; white space around what a person typed is nobody's intention.

    Args:
        visit: Brings the form.
        name: The field's name.
        current: What is stored now.

    """
    typed, was = visit.field(name) or "", visit.field(f"was_{name}")
    if typed in (was, current):
        return EditedText(current)
    others = current if was is not None and current != was else None
    return EditedText(typed, wanted=typed.strip(), conflict=others)


def edited_flag(visit: Visit, name: str, *, current: bool) -> EditedFlag:
    """
    Read a box to check.

    Args:
        visit: Brings the form.
        name: The field's name.
        current: What is stored now.

    """
    checked = visit.field(name) is not None
    was = visit.field(f"was_{name}")
    if checked == current or (was is not None and checked == (was == "on")):
        return EditedFlag(current)
    return EditedFlag(checked, wanted=checked)


def password_errors(visit: Visit, username: str) -> dict[str, str]:
    """
    Return what is wrong with a form's new password and its repetition, by field.

    Args:
        visit: Brings the form.
        username: Whose password it is to be.

    """
    password, again = visit.field("password") or "", visit.field("again")
    errors = refusal("password", valid_password, password)
    weak = None if errors else weakness(password, username=username)
    if weak is not None:
        errors["password"] = weak
    # A program need not repeat itself.
    if not errors and again not in (None, password):
        errors["again"] = "The two passwords are not the same."
    return errors


def refusal(name: str, check: Callable[[str], str], text: str) -> dict[str, str]:
    """Return what a check of the store's says about a field, by the field's name."""
    try:
        check(text)
    except InvalidValue as exc:
        return {name: sentence(exc)}
    return {}


def sentence(exc: Exception) -> str:
    """Return what an error of the store says, as a sentence for people."""
    text = str(exc)
    return f"{text[:1].upper()}{text[1:]}."
