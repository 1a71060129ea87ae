"""The options that these commands share, each written once."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

__all__ = [
    "Account",
    "Depth",
    "Group",
    "Groups",
    "Level",
    "Only",
    "Patience",
    "Room",
    "Staff",
    "StaffRoom",
    "TargetFile",
    "Url",
]


class Level(StrEnum):
    """What is judged."""

    CORE = "core"
    HARDENED = "hardened"


class Depth(StrEnum):
    """How much model-based testing."""

    NONE = "none"
    QUICK = "quick"
    DEEP = "deep"


class Group(StrEnum):
    """How much a check may hurt the server."""

    SAFE = "safe"
    INTRUSIVE = "intrusive"
    LIFECYCLE = "lifecycle"
    LOAD = "load"


Url = Annotated[
    str | None,
    typer.Argument(metavar="URL", help="The server's stream: a ws:// or wss:// URL."),
]
TargetFile = Annotated[
    Path | None,
    typer.Option(
        "--target",
        metavar="FILE",
        help="The target file. Without it and a URL, multichat-target.toml or target.toml here.",
    ),
]
Account = Annotated[
    list[str] | None,
    typer.Option(
        metavar="NAME",
        help="With a URL: a plain account; its password is MULTICHAT_PASSWORD_NAME, or is asked "
        "for. Once for each.",
    ),
]
Staff = Annotated[
    list[str] | None, typer.Option(metavar="NAME", help="With a URL: a staff account, likewise.")
]
Room = Annotated[
    list[str] | None,
    typer.Option(metavar="ID", help="With a URL: an open room. Once for each."),
]
StaffRoom = Annotated[
    list[str] | None, typer.Option(metavar="ID", help="With a URL: a staff room.")
]
Groups = Annotated[
    list[Group] | None,
    typer.Option(
        "--group",
        metavar="GROUP",
        help="What may run: safe, intrusive, lifecycle or load. Once for each. [default: as the "
        "target file says; else the first three on this machine, safe elsewhere]",
    ),
]
Only = Annotated[
    list[str] | None,
    typer.Option(
        metavar="PATTERN",
        help="An id, area or clause, with * and ?: only these checks. Once for each.",
    ),
]
Patience = Annotated[
    float | None,
    typer.Option(
        min=0.1,
        max=600.0,
        metavar="SECONDS",
        help="Longest wait for what must come. [default: from measured round trips]",
    ),
]
