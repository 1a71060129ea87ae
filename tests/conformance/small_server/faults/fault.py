"""
What a fault is: a class that breaks a rule of one part of the small server, and its papers.

A fault's name is that of its class, its sentence the class's docstring. `caught_by.json` names
the checks that must find it.
"""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

__all__ = ["CAUGHT_BY_FILE", "FAULTS", "Fault", "fault"]

CAUGHT_BY_FILE = Path(__file__).with_name("caught_by.json")

CAUGHT_BY: dict[str, list[str]] = json.loads(CAUGHT_BY_FILE.read_text(encoding="utf-8"))


@dataclass(frozen=True)
class Fault:
    """
    A mistake that servers make.

    Attributes:
        name: A slug.
        sentence: What is wrong.
        rows: The rows of the list of known mistakes that it stands for, from 1 to 43.
        breaks: The clauses that it breaks.
        parts: What replaces parts of the correct server.
        caught_by: The checks that must not pass.

    """

    name: str
    sentence: str
    rows: tuple[int, ...]
    breaks: tuple[str, ...]
    parts: tuple[type, ...]
    caught_by: tuple[str, ...]


FAULTS: dict[str, Fault] = {}
"""All faults by name, in the order in which they are written."""

Part = TypeVar("Part", bound=type)


def fault(
    *clauses: str, rows: tuple[int, ...] = (), also: tuple[type, ...] = ()
) -> Callable[[Part], Part]:
    """
    File a class as a fault.

    Args:
        clauses: What it breaks, without the prefix that all clauses of v1 have.
        rows: What it stands for in the list of known mistakes.
        also: What else is replaced.

    """

    def file(part: Part) -> Part:
        name = re.sub(r"(?<!^)(?=[A-Z0-9])(?<![0-9])", "-", part.__name__).lower()
        if name in FAULTS:
            raise ValueError(f"two faults are called {name}")
        FAULTS[name] = Fault(
            name=name,
            sentence=(part.__doc__ or "").strip(),
            rows=rows,
            breaks=tuple(f"MC1-{clause}" for clause in clauses),
            parts=(part, *also),
            caught_by=tuple(CAUGHT_BY.get(name, ())),
        )
        return part

    return file
