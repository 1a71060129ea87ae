"""
Target files: TOML that describes a server, read and checked.

``target.schema.json`` beside this module describes them; what is wrong with one is said with
the place and what was expected. Names in braces are filled in when they are known: ``{python}``
and ``{port}`` before the target is started, the members of its ready line after.
"""

import json
import math
import os
import re
import socket
import sys
import tomllib
from collections.abc import Iterable, Mapping
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError, best_match

from multichat_conformance.catalogue import Group
from multichat_conformance.secrets import shown_url
from multichat_conformance.target.model import (
    Account,
    Hooks,
    Limits,
    Login,
    Room,
    Start,
    Target,
)
from multichat_conformance.transcript import shorten

__all__ = [
    "TargetFileError",
    "filled_in",
    "free_port",
    "is_room_id",
    "load_target",
    "ready_values",
    "target_schema",
    "wrong_url",
]

_LARGEST: Final = 1024 * 1024
"""Bytes of a target file; a device, given by mistake, would never end."""

_PLACEHOLDER: Final = re.compile(r"\{([a-z_][a-z0-9_]*)\}")


class TargetFileError(ValueError):
    """A target file cannot be used; the text says where and why."""


def load_target(file: Path) -> Target:
    """
    Read a target file.

    Names in braces stay as they are; see :func:`filled_in`.

    Raises:
        TargetFileError: It cannot be read, is no TOML, or says what no target file may.

    """
    try:
        with file.open("rb") as opened:
            raw = opened.read(_LARGEST + 1)
        # Some editors begin a file with a byte order mark, which TOML does not know.
        text = raw.decode("utf-8-sig")
    except (OSError, UnicodeDecodeError) as exc:
        raise TargetFileError(f"cannot read the target file {file}: {exc}") from exc
    if len(raw) > _LARGEST:
        raise TargetFileError(f"{file} has more than {_LARGEST:,} bytes, as no target file has")
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as exc:
        raise TargetFileError(f"{file} is no TOML: {exc}") from exc
    except RecursionError as exc:
        raise TargetFileError(f"{file} is nested deeper than any target file is") from exc
    return _Reader(file).target(document)


@cache
def target_schema() -> dict[str, Any]:
    """Return the JSON Schema of target files."""
    text = files("multichat_conformance").joinpath("target/target.schema.json").read_text("utf-8")
    schema: dict[str, Any] = json.loads(text)
    return schema


def is_room_id(text: str) -> bool:
    """Return whether a text can be the id of a given room: the canonical form of MC1-ROOM-01."""
    pattern: str = target_schema()["properties"]["rooms"]["items"]["properties"]["id"]["pattern"]
    return re.fullmatch(pattern, text) is not None


def free_port() -> int:
    """Return a TCP port of the loopback that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


def wrong_url(url: str) -> str:
    """Say what is wrong with the address of a stream, or return an empty text."""
    shown = shown_url(url)
    if "@" in re.split(r"[/?#]", url.partition("://")[2], maxsplit=1)[0]:
        # Not shown: it may be a password.
        return "the address holds a user or a password: leave them out, and give an account"
    try:
        parts = urlsplit(url)
        host = parts.hostname
        if parts.port == 0:
            return f"{shown!r} names port 0"
    except ValueError as exc:
        return f"{shown!r} is no address: {exc}"
    if parts.scheme not in ("ws", "wss"):
        return f"{shown!r} does not begin with ws:// or wss://"
    if not host:
        return f"{shown!r} names no host"
    if not all(0x21 <= ord(character) <= 0x7E for character in url):
        return f"{shown!r} holds a character that no address may hold"
    return ""


def filled_in(text: str, values: Mapping[str, str]) -> str:
    """Return a text with the names in braces that are known replaced; others stay."""
    return _PLACEHOLDER.sub(lambda found: values.get(found[1], found[0]), text)


class _Reader:
    """Reads the parts of one file."""

    def __init__(self, file: Path) -> None:
        self._file = file

    def target(self, document: Mapping[str, Any]) -> Target:
        fault = best_match(Draft202012Validator(target_schema()).iter_errors(document))
        if fault is not None:
            raise self._wrong(_place(fault.absolute_path), _reason(fault))
        self._finite(document)
        url = document["url"]
        # What begins with a name in braces is looked at when it is known.
        if "{" not in url[:1] and (wrong := wrong_url(_PLACEHOLDER.sub("1", url))):
            raise self._wrong("url", wrong)
        if "start" not in document and "{port}" in url:
            raise self._wrong("url", "{port} is known only where [start] starts the target")
        self._once("accounts", "username", document)
        self._once("rooms", "id", document)
        for place, room in enumerate(document.get("rooms", ())):
            # A pattern's $ lets a line end pass.
            if not is_room_id(room["id"]):
                raise self._wrong(f"rooms[{place}].id", f"{room['id']!r} is no canonical id")
        login = Login(**document.get("login", {}))
        accounts = tuple(
            self._account(place, account, login)
            for place, account in enumerate(document.get("accounts", ()))
        )
        return Target(
            url=url,
            name=document.get("name", url),
            version=document.get("version", "v1"),
            origin=document.get("origin"),
            login=login,
            accounts=accounts,
            rooms=tuple(Room(**room) for room in document.get("rooms", ())),
            announces=document.get("capabilities", {}).get("announces", True),
            limits=Limits(**document.get("limits", {})),
            hooks=self._hooks(document.get("hooks", {})),
            start=self._start(document.get("start")),
            groups=_groups(document.get("groups")),
            deviations=self._beside(document.get("deviations")),
            ca_file=self._certificates(document.get("ca_file")),
            file=self._file,
        )

    def _finite(self, document: Mapping[str, Any]) -> None:
        """Refuse nan and inf, which TOML has and no schema excludes."""
        for table in ("limits", "start"):
            for name, value in document.get(table, {}).items():
                if isinstance(value, float) and not math.isfinite(value):
                    raise self._wrong(f"{table}.{name}", f"{value} is no number to count with")

    def _once(self, table: str, name: str, document: Mapping[str, Any]) -> None:
        """Refuse two of a name: two actors, or a story and its fence, would share it."""
        seen = set()
        for place, row in enumerate(document.get(table, ())):
            if row[name] in seen:
                raise self._wrong(f"{table}[{place}].{name}", f"{row[name]!r} is there twice")
            seen.add(row[name])

    def _certificates(self, name: str | None) -> Path | None:
        file = self._beside(name)
        if file is not None and not file.is_file():
            raise self._wrong("ca_file", f"there is no file {file}")
        return file

    def _account(self, place: int, given: Mapping[str, Any], login: Login) -> Account:
        def value(name: str) -> str | None:
            variable = given.get(f"{name}_env")
            if variable is None:
                plain: str | None = given.get(name)
                return plain
            found = os.environ.get(variable)
            if not found:
                raise self._wrong(
                    f"accounts[{place}].{name}_env", f"the variable {variable} is not set"
                )
            return found

        headers = {}
        if line := value("header"):
            name, colon, rest = line.partition(":")
            if not colon or not name.strip() or not rest.strip():
                # The line itself may be a secret.
                raise self._wrong(f"accounts[{place}].header", "is not of the form Name: value")
            headers[name.strip()] = rest.strip()
        if cookie := value("cookie"):
            headers["Cookie"] = cookie
        for header in headers.items():
            if not all(0x20 <= ord(character) <= 0x7E for character in "".join(header)):
                raise self._wrong(
                    f"accounts[{place}]", "a header holds a character that none may hold"
                )
        password = value("password")
        if login.recipe == "django-form" and password is None:
            raise self._wrong(f"accounts[{place}]", _needs("password"))
        if login.recipe in ("header", "cookie") and not headers:
            raise self._wrong(f"accounts[{place}]", _needs(login.recipe))
        return Account(given["username"], password, headers, staff=given.get("staff", False))

    def _hooks(self, given: Mapping[str, Any]) -> Hooks:
        if given.get("offers") and not given.get("url"):
            raise self._wrong("hooks.offers", "needs hooks.url")
        return Hooks(
            given.get("url", ""),
            tuple(given.get("offers", ())),
            {name: tuple(line) for name, line in given.get("commands", {}).items()},
        )

    def _start(self, given: Mapping[str, Any] | None) -> Start | None:
        if given is None:
            return None
        return Start(
            tuple(given["command"]),
            given.get("ready", "connect"),
            given.get("timeout_seconds", 30.0),
            given.get("environment", {}),
        )

    def _beside(self, name: str | None) -> Path | None:
        return None if name is None else self._file.parent / name

    def _wrong(self, place: str, reason: str) -> TargetFileError:
        return TargetFileError(
            f"{self._file}: {place}: {reason}" if place else f"{self._file}: {reason}"
        )


def _needs(what: str) -> str:
    return f"nobody can log in without a {what}: add {what}, or {what}_env with the variable's name"


def _place(path: Iterable[str | int]) -> str:
    parts = (f"[{part}]" if isinstance(part, int) else f".{part}" for part in path)
    return "".join(parts).lstrip(".")


def _reason(fault: ValidationError) -> str:
    """Say what is wrong; not with its value where that may be a secret."""
    if "accounts" in fault.absolute_path and fault.validator in ("type", "minLength"):
        wanted = "empty" if fault.validator == "minLength" else f"no {fault.validator_value}"
        return f"it is {wanted}"
    return shorten(fault.message, 300)


def _groups(names: list[str] | None) -> tuple[Group, ...] | None:
    return None if names is None else tuple(Group(name) for name in names)


def ready_values(port: int) -> dict[str, str]:
    """Return what names in braces stand for before the target runs."""
    return {"port": str(port), "python": sys.executable}
