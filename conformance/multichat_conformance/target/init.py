"""
Write a target file from a few answers, with comments that say what else can stand in it.

Passwords are never asked for and never written: the file names environment variables that hold
them. What is written is read back and held against the schema before it is returned.
"""

import json
import re
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import urlsplit

from jsonschema import Draft202012Validator

from multichat_conformance.target.file import target_schema, wrong_url
from multichat_conformance.target.model import HOOKS, Recipe

__all__ = ["NEEDED_ROOMS", "Answers", "target_file", "variable_of"]

NEEDED_ROOMS: Final = 3
"""Open rooms that every check can be told with: two for the story, one for the fences."""

_SECRET: Final = {"django-form": "password", "header": "header", "cookie": "cookie"}
_VARIABLE: Final = {"django-form": "PASSWORD", "header": "HEADER", "cookie": "COOKIE"}


@dataclass(frozen=True, slots=True)
class Answers:
    """
    What is asked about a server.

    Attributes:
        url: The stream's address.
        name: What reports call it; empty: the host.
        recipe: How a session is had.
        login_path: Where the login form is.
        accounts: Usernames of plain accounts; three play alice, bob and carol.
        staff: Usernames of staff accounts.
        rooms: Ids of open rooms.
        staff_rooms: Ids of staff rooms.
        start: The command that starts the server; empty: it runs already.
        hooks: Where hooks are pulled by HTTP; empty: nowhere.

    """

    url: str
    name: str = ""
    recipe: Recipe = "django-form"
    login_path: str = "/accounts/login/"
    accounts: Sequence[str] = ()
    staff: Sequence[str] = ()
    rooms: Sequence[str] = ()
    staff_rooms: Sequence[str] = ()
    start: Sequence[str] = field(default_factory=tuple)
    hooks: str = ""


def variable_of(username: str, recipe: Recipe = "django-form") -> str:
    """Return the environment variable that holds what an account logs in with."""
    kind = _VARIABLE.get(recipe, "PASSWORD")
    return f"MULTICHAT_{kind}_{re.sub(r'[^A-Z0-9]', '_', username.upper())}"


def target_file(answers: Answers) -> str:
    """
    Return a target file.

    Raises:
        ValueError: An answer fits no target file; the text says which.

    """
    if wrong := wrong_url(answers.url.replace("{port}", "1")) or _given_twice(answers):
        raise ValueError(wrong)
    parts = [_head(answers), _start(answers), _login(answers), _accounts(answers)]
    parts += [_rooms(answers), _CLAIMS, _hooks(answers)]
    text = "\n".join(part.strip("\n") + "\n" for part in parts)
    faults = list(Draft202012Validator(target_schema()).iter_errors(tomllib.loads(text)))
    if faults:
        place = ".".join(str(part) for part in faults[0].absolute_path)
        raise ValueError(f"{place}: {faults[0].message}")
    return text


def _given_twice(answers: Answers) -> str:
    """Say what would stand in the file twice, or return an empty text."""
    users = [*answers.accounts, *answers.staff]
    for kind, names in (
        ("account", users),
        ("room", [*answers.rooms, *answers.staff_rooms]),
        ("variable", [variable_of(user, answers.recipe) for user in dict.fromkeys(users)]),
    ):
        for place, name in enumerate(names):
            if name in names[:place]:
                said = (
                    "is given twice" if kind != "variable" else "would hold two accounts' secrets"
                )
                return f"the {kind} {name} {said}"
    return ""


def _head(answers: Answers) -> str:
    name = answers.name or urlsplit(answers.url.replace("{port}", "1")).hostname or "my server"
    return f"""
# A server to be judged by the multichat conformance suite.
#
#   multichat conformance doctor --target FILE    looks whether all of this is right
#   multichat conformance run --target FILE       judges the server
#
# What is left out is not tested, and the report says so. Every member is explained by
#   multichat conformance schema target

name = {_string(name)}
url = {_string(answers.url)}

# What the server is known to do wrong; the run then fails only for what is new.
# deviations = "deviations.toml"

# What may be done to it: "safe" (well-formed traffic), "intrusive" (malformed traffic, rights
# taken away by hooks), "lifecycle" (stopped and started), "load" (floods). Left out: the first
# three on this machine, "safe" elsewhere.
# groups = ["safe", "intrusive"]
"""


def _start(answers: Answers) -> str:
    if not answers.start:
        return """
# Let the suite start the server, at a free port {port} of the url, and stop it at the end:
# [start]
# command = ["./my-server", "--port", "{port}"]
# ready = "connect"            # or "json": it prints a line with a JSON object when it is ready
# timeout_seconds = 30
"""
    return f"""
# The suite starts the server with this, in this file's folder, and ends it with SIGTERM.
[start]
command = {_strings(answers.start)}
ready = "connect"              # or "json": it prints a line with a JSON object when it is ready
timeout_seconds = 30
"""


def _login(answers: Answers) -> str:
    recipe = answers.recipe
    lines = [
        "# How a session is had. django-form: a form with username, password and a CSRF token, as",
        "# Django's. header, cookie: each account has a header or cookies for its handshake.",
        "# none: nobody can log in.",
        "[login]",
        f'recipe = "{recipe}"',
    ]
    if recipe == "django-form":
        lines.append(f"path = {_string(answers.login_path)}")
        lines.append('logout_path = "/accounts/logout/"')
    if recipe in ("django-form", "cookie"):
        lines.append('session_cookie = "sessionid"')
    return "\n".join(lines)


def _accounts(answers: Answers) -> str:
    if answers.recipe == "none":
        return "# With the recipe none there are no accounts."
    lines = [
        "# Accounts for the suite alone: it changes their rights if it has hooks. The plain ones",
        "# play alice, bob and carol, in this order; the first with staff = true plays dave.",
    ]
    secret = _SECRET[answers.recipe]
    for username, staff in [
        *((name, False) for name in answers.accounts),
        *((name, True) for name in answers.staff),
    ]:
        lines += ["[[accounts]]", f"username = {_string(username)}"]
        lines.append(f"{secret}_env = {_string(variable_of(username, answers.recipe))}")
        if staff:
            lines.append("staff = true")
        lines.append("")
    if not answers.staff:
        lines += [
            "# [[accounts]]",
            '# username = "dave"',
            f'# {secret}_env = "{variable_of("dave", answers.recipe)}"',
            "# staff = true",
        ]
    return "\n".join(lines)


def _rooms(answers: Answers) -> str:
    lines = [
        f"# Rooms that exist. With {NEEDED_ROOMS} open ones all checks can be told, with one less",
        "# most; the last is for fences.",
    ]
    for room, staff_only in [
        *((room, False) for room in answers.rooms),
        *((room, True) for room in answers.staff_rooms),
    ]:
        lines += ["[[rooms]]", f"id = {_string(room)}"]
        if staff_only:
            lines.append("staff_only = true")
        lines.append("")
    if not answers.staff_rooms:
        lines += ["# [[rooms]]", '# id = "3"', '# title = "Staff"', "# staff_only = true"]
    return "\n".join(lines)


_CLAIMS: Final = """
[capabilities]
announces = true               # it sends ENTER and LEAVE

# What the server states (MC1-LIMIT-01); false: it has no such limit.
# [limits]
# frame_bytes = 65536
# message_length = 4096        # code points
# rooms_per_connection = 100
# command_burst = 100
# handshake_seconds = 10
# vanish_seconds = 60          # until a peer that vanished is noticed
# stop_seconds = 10
"""


def _hooks(answers: Answers) -> str:
    if not answers.hooks:
        return """
# What the suite may do to the server: a web address of yours, or commands. Without hooks it
# cannot test revocation, and some checks of core neither, so core stays incomplete. A value that
# a hook returns is the last line of its output.
# [hooks]
# url = "http://127.0.0.1:9000/hooks/"
# offers = ["make_staff_room", "make_open_room", "announce"]
# [hooks.commands]
# deactivate = ["./manage", "deactivate", "{username}"]
# activate = ["./manage", "activate", "{username}"]
"""
    return f"""
# The suite pulls a hook with POST url + name and a JSON object of arguments. Take out of the
# list what the address does not serve.
[hooks]
url = {_string(answers.hooks)}
offers = [
{_wrapped_strings(sorted(set(HOOKS) - {"stop", "start"}))}
]
"""


def _wrapped_strings(words: Sequence[str]) -> str:
    lines = [""]
    for word in words:
        piece = f"{_string(word)},"
        if len(lines[-1]) + len(piece) > 90:
            lines.append("")
        lines[-1] += f" {piece}" if lines[-1] else piece
    return "\n".join(f"  {line}" for line in lines)


def _strings(words: Sequence[str]) -> str:
    return f"[{', '.join(_string(word) for word in words)}]"


def _string(text: str) -> str:
    # A JSON string is a TOML string, but for the one control character that JSON leaves bare.
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
