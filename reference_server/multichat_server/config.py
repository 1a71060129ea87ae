"""
The server's settings: what can be set, to what, and from where it was read.

A setting is one field of :class:`Settings` and nothing else: its default, its unit, its range
and the sentence that explains it stand in the field's metadata, and the documentation,
``--help`` and every check are made from there. There are no sections and no nested tables, so
that a setting has the same name everywhere::

    port = 8000            in the TOML file
    MULTICHAT_PORT=8000    in the environment
    --port 8000            on the command line

Where several of them speak, the command line wins over the environment, the environment over
the file, and the file over the default. Whatever is wrong is a :class:`ConfigError` that says
where it stands and what was expected; nothing is ignored in silence.
"""

import dataclasses
import re
import tomllib
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from types import MappingProxyType
from typing import Final

from multichat_proto.exceptions import MultichatError
from multichat_server import _setting
from multichat_server._setting import (
    ENVIRONMENT_PREFIX,
    SettingInfo,
    Unfit,
    Value,
    describe,
    fit,
    setting,
    shown,
)

__all__ = [
    "ENVIRONMENT_PREFIX",
    "SETTINGS",
    "ConfigError",
    "SettingInfo",
    "Settings",
    "Value",
    "load_settings",
]

# The most bytes that one code point of a message takes in a JSON string: six on the way out
# (a control character as \u0001), twelve on the way in, where a client is free to write any
# code point outside the basic plane as two escapes.
_BYTES_OUT_A_CODE_POINT: Final = 6
_BYTES_IN_A_CODE_POINT: Final = 12
# All of a frame but its message: braces, names, the room's id, and a user name or title, which
# have at most 150 and 255 code points.
_ENVELOPE_BYTES: Final = 4096


class ConfigError(MultichatError):
    """
    A setting is unknown, unreadable or out of range, or two of them do not go together.

    Attributes:
        place: Where it stands: file and key, environment variable, flag, or setting.
        problem: What was expected there, and what was found.
        settings: The settings that do not go together; empty if only one is wrong.

    """

    def __init__(self, place: str, problem: str, *, settings: tuple[str, ...] = ()) -> None:
        super().__init__(place, problem)
        self.place = place
        self.problem = problem
        self.settings = settings

    def __str__(self) -> str:
        return f"{self.place}: {self.problem}"


@dataclass(frozen=True, kw_only=True, slots=True)
class Settings:
    """
    Everything about a server that can be set. Values are checked when one is made.

    Raises:
        ConfigError: A value is out of range, or two of them do not go together.

    """

    host: str = setting(
        "127.0.0.1",
        "The name or address to listen on; 0.0.0.0 or :: opens the server to the network.",
        check=_setting.host,
    )
    port: int = setting(
        8000,
        "The TCP port to listen on; 0 lets the system choose a free one.",
        least=0,
        most=65_535,
    )
    database_url: str = setting(
        "sqlite:///multichat.sqlite3",
        "Where users, rooms and sessions are kept: a file for SQLite, a server for PostgreSQL.",
        check=_setting.database_url,
    )
    allowed_origins: tuple[str, ...] = setting(
        (),
        "Web origins besides the server's own whose pages may open a chat connection, and send "
        "forms if they know the cookie csrftoken.",
        check=_setting.origin,
    )
    trusted_proxies: tuple[str, ...] = setting(
        (),
        "Addresses or networks of proxies that say in X-Forwarded-For for whom they ask.",
        check=_setting.network,
    )
    announce: bool = setting(
        True, "Whether members are told when somebody enters or leaves their room."
    )
    message_types: tuple[str, ...] = setting(
        (),
        "Types of announcements besides warning, alert and muted: numbers from 6 on, each with "
        "a name, such as 6:celebration.",
        check=_setting.message_type,
    )
    max_frame_bytes: int = setting(
        2_097_152,
        "The longest WebSocket message taken from a client; a longer one closes with 1009.",
        unit="bytes",
        least=131_072,  # MC1-LIMIT-08
    )
    max_message_length: int = setting(
        65_536,
        "The longest text of a chat message; a longer one is answered with MESSAGE_TOO_LONG.",
        unit="code points",
        least=4_096,  # MC1-LIMIT-04
    )
    max_rooms_per_connection: int = setting(
        100,
        "How many rooms one connection may be in at a time.",
        unit="rooms",
        least=2,  # MC1-MEMB-02
    )
    command_rate: float = setting(
        50.0,
        "How many commands a connection may send in the long run; 0 sets no limit. A long "
        "command counts as one more for each 16,384 characters.",
        unit="commands per second",
        least=0,
    )
    command_burst: int = setting(
        200,
        "How many commands a connection may send at once after it was quiet.",
        unit="commands",
        least=32,  # MC1-LIMIT-06
    )
    refusal_rate: float = setting(
        10.0,
        "How many answers RATE_LIMITED a connection may cause in the long run.",
        unit="answers per second",
        least=0,
    )
    refusal_burst: int = setting(
        100,
        "How many answers RATE_LIMITED a connection may cause at once; one that causes more is "
        "a flood and closed with 1008.",
        unit="answers",
        least=1,
    )
    small_frame_rate: float = setting(
        50.0,
        "How many pings, pongs and small fragments a connection may send in the long run; one "
        "that sends more is a flood and closed with 1008.",
        unit="frames per second",
        least=1,
    )
    small_frame_burst: int = setting(
        500,
        "How many pings, pongs and small fragments a connection may send at once.",
        unit="frames",
        least=32,
    )
    outbox_bytes: int = setting(
        1_048_576,
        "How much may wait for a client that reads too slowly before it is closed with 1013.",
        unit="bytes",
        least=1,
    )
    max_connections: int = setting(
        10_000,
        "How many connections of any kind are served at a time.",
        unit="connections",
        least=1,
    )
    handshake_timeout: float = setting(
        10.0,
        "How long a client may take to send a request or to take in an answer, "
        "and how long a connection may idle between two requests.",
        unit="seconds",
        above=0,
    )
    ping_interval: float = setting(
        20.0,
        "After how long without a sign of life a chat client is sent a ping.",
        unit="seconds",
        above=0,
    )
    ping_timeout: float = setting(
        30.0,
        "How long after an unanswered ping a chat client counts as gone.",
        unit="seconds",
        above=0,
    )
    close_timeout: float = setting(
        5.0,
        "How long a chat client may take to read a close frame and to close in turn.",
        unit="seconds",
        above=0,
    )
    http_body_bytes: int = setting(
        65_536,
        "The longest body of an HTTP request; a longer one is answered with 413.",
        unit="bytes",
        least=1024,
    )
    http_header_bytes: int = setting(
        16_384,
        "The longest head of an HTTP request; a longer one is answered with 431.",
        unit="bytes",
        least=1024,
    )
    shutdown_grace: float = setting(
        5.0,
        "How long clients may take to close when the server stops.",
        unit="seconds",
        least=0,
    )
    session_lifetime: int = setting(
        1_209_600, "How long a login lasts.", unit="seconds", least=1, most=3_155_760_000
    )
    secure_cookies: bool = setting(
        False, "Whether cookies are for HTTPS only; set it when the server is behind TLS."
    )
    login_rate: float = setting(
        0.05,
        "How many wrong passwords an account or a client's address may have in the long run.",
        unit="passwords per second",
        above=0,
    )
    login_burst: int = setting(
        10,
        "How many wrong passwords an account may have at once, and an address four times as "
        "many, before each further login has to wait.",
        unit="passwords",
        least=1,
    )
    max_tokens: int = setting(
        20,
        "How many tokens for bots one user may have.",
        unit="tokens",
        least=0,
    )
    password_threads: int = setting(
        2,
        "How many passwords are checked at a time; each takes one processor and about 19 MiB.",
        unit="threads",
        least=1,
        most=256,
    )
    directory_poll: float = setting(
        0.25,
        "How often the server looks for changes that other processes made to users and rooms.",
        unit="seconds",
        above=0,
    )
    stale_after: float = setting(
        10.0,
        "For how long after the last successful look at the database commands are still obeyed.",
        unit="seconds",
        above=0,
    )

    def __post_init__(self) -> None:
        for info in SETTINGS:
            try:
                fitting = fit(info, getattr(self, info.name))
            except Unfit as exc:
                raise ConfigError(f"setting {info.name}", f"expected {exc}") from exc
            object.__setattr__(self, info.name, fitting)
        _check_together(self)


def load_settings(
    *,
    file: Path | None = None,
    environ: Mapping[str, str] = MappingProxyType({}),
    flags: Mapping[str, object] = MappingProxyType({}),
    other_variables: Collection[str] = (),
) -> Settings:
    """
    Read the settings from where they are kept: flags over environment over file.

    Args:
        file: A TOML file; ``None`` if there is none. It must exist.
        environ: The environment, of which the variables that begin with ``MULTICHAT_`` are
            read: numbers as in TOML, ``true`` or ``false``, and lists with commas between.
        flags: Settings given on the command line, by field name; ``None`` means not given.
        other_variables: Variables that begin like ours and mean something to somebody else.

    Raises:
        ConfigError: Something is unknown, unreadable, out of range, or does not go with the
            rest; the text names the file and key, the variable or the flag.

    """
    values: dict[str, Value] = {}
    places: dict[str, str] = {}
    infos = {info.name: info for info in SETTINGS}

    for name, place, raw in _given(file, environ, flags, other_variables):
        info = infos.get(name)
        if info is None:
            raise ConfigError(place, f"there is no such setting{_nearest(name)}")
        try:
            # Each place is checked even where a stronger one speaks too: a file that is
            # wrong stays wrong when the flag goes away.
            values[name] = fit(info, raw)
        except Unfit as exc:
            raise ConfigError(place, f"expected {exc}") from exc
        places[name] = place

    try:
        return Settings(**values)  # type: ignore[arg-type]  # _fit made each its field's type
    except ConfigError as exc:
        concerned = [places.get(name, f"default of {name}") for name in exc.settings]
        raise ConfigError(" with ".join(concerned), exc.problem, settings=exc.settings) from None


def _given(
    file: Path | None,
    environ: Mapping[str, str],
    flags: Mapping[str, object],
    other_variables: Collection[str],
) -> Iterator[tuple[str, str, object]]:
    """Yield (name, place, raw value) for all that was said, the weakest first."""
    if file is not None:
        for key, raw in _read_toml(file).items():
            yield key, f"file {file}, key {_shown_key(key)}", raw
    for variable, text in environ.items():
        if variable.startswith(ENVIRONMENT_PREFIX) and variable not in other_variables:
            name = variable.removeprefix(ENVIRONMENT_PREFIX)
            # MULTICHAT_Port is nobody's: lower() must not make it ours.
            yield (name.lower() if name.isupper() else name), f"environment {variable}", text
    for name, raw in flags.items():
        if raw is not None:
            yield name, f"flag --{name.replace('_', '-')}", raw


def _read_toml(file: Path) -> dict[str, object]:
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except OSError as exc:
        raise ConfigError(f"file {file}", f"cannot be read: {exc.strerror}") from exc
    except UnicodeDecodeError as exc:
        raise ConfigError(f"file {file}", f"not in UTF-8 (byte {exc.start})") from exc
    except tomllib.TOMLDecodeError as exc:
        raise ConfigError(f"file {file}", f"not valid TOML: {exc}") from exc


def _check_together(values: Settings) -> None:
    """Refuse values that are fine one by one and wrong together."""

    def refuse(name: str, other: str, problem: str) -> None:
        raise ConfigError(
            f"settings {name} and {other}",
            f"{problem}, got {getattr(values, name)}",
            settings=(name, other),
        )

    length = values.max_message_length
    needed = length * _BYTES_IN_A_CODE_POINT + _ENVELOPE_BYTES
    if values.max_frame_bytes < needed:
        refuse(
            "max_frame_bytes",
            "max_message_length",
            f"expected max_frame_bytes of at least {needed}, "
            f"so that a message of {length} code points fits however it is escaped",
        )
    needed = length * _BYTES_OUT_A_CODE_POINT + _ENVELOPE_BYTES
    if values.outbox_bytes < needed:
        refuse(
            "outbox_bytes",
            "max_message_length",
            f"expected outbox_bytes of at least {needed}, "
            f"so that one message of {length} code points does not put its readers out",
        )
    numbers = [each.partition(":")[0] for each in values.message_types]
    if len(set(numbers)) < len(numbers):
        raise ConfigError(
            "setting message_types",
            f"expected each number once, got {', '.join(values.message_types)}",
            settings=("message_types",),
        )
    if values.stale_after <= values.directory_poll:
        refuse(
            "stale_after",
            "directory_poll",
            f"expected stale_after above the {values.directory_poll:g} seconds "
            "between two looks at the database",
        )


def _shown_key(key: str) -> str:
    return key if re.fullmatch(r"[A-Za-z0-9_-]{1,60}", key) else shown(key)


def _nearest(name: str) -> str:
    close = get_close_matches(name, [info.name for info in SETTINGS], n=1)
    return f"; did you mean {close[0]}?" if close else ""


#: Every setting, in the order in which a person should read about them.
SETTINGS: Final = tuple(describe(field) for field in dataclasses.fields(Settings))
