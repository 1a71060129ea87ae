"""
A target as data: what a target file says, checked and with its defaults.

Nothing here reaches out; :mod:`~multichat_conformance.target.file` makes these values from TOML.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Literal, TypeAlias

from multichat_conformance.catalogue import Group

__all__ = [
    "HOOKS",
    "Account",
    "Hooks",
    "Limit",
    "Limits",
    "Login",
    "Recipe",
    "Room",
    "Start",
    "Target",
]

Recipe: TypeAlias = Literal["django-form", "header", "cookie", "none"]
Limit: TypeAlias = float | Literal[False] | None
"""A stated number; False if the server has no such limit; None if it does not say."""

HOOKS: Final[Mapping[str, tuple[str, ...]]] = {
    "make_staff": ("username",),
    "make_plain": ("username",),
    "activate": ("username",),
    "deactivate": ("username",),
    "rename_user": ("username", "to"),
    "change_password": ("username", "password"),
    "create_user": ("username", "password"),
    "delete_user": ("username",),
    "make_staff_room": ("room",),
    "make_open_room": ("room",),
    "create_room": ("title",),
    "delete_room": ("room",),
    "announce": ("room", "type", "text", "username"),
    "expire_session": ("session",),
    "store_away": (),
    "store_back": (),
    "stop": (),
    "start": (),
}
"""Every hook with the names of its arguments."""


@dataclass(frozen=True, slots=True)
class Account:
    """
    Somebody who can log in.

    Attributes:
        username: The name, as room messages carry it.
        password: For the recipe ``django-form``.
        headers: For ``header`` and ``cookie``: what the handshake carries instead of a login.
        staff: Whether the account has staff rights.

    """

    username: str
    password: str | None = field(default=None, repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    staff: bool = False


@dataclass(frozen=True, slots=True)
class Room:
    """A room that exists on the target. A title of None is not compared."""

    id: str
    title: str | None = None
    staff_only: bool = False


@dataclass(frozen=True, slots=True)
class Login:
    """
    How a session is had.

    Attributes:
        recipe: ``django-form`` posts a login form as Django's is; ``header`` and ``cookie``
            send what the accounts give; ``none``: nobody logs in, the target knows no users.
        path: Where the form is.
        logout_path: Where a GET ends the session, or a POST with the CSRF token.
        session_cookie: The cookie that names the session.

    """

    recipe: Recipe = "django-form"
    path: str = "/accounts/login/"
    logout_path: str = "/accounts/logout/"
    session_cookie: str = "sessionid"


@dataclass(frozen=True, slots=True)
class Start:
    """
    How the suite starts the target.

    Attributes:
        command: The command line; ``{port}`` and ``{python}`` are filled in.
        ready: ``json``: ready when it prints a JSON object on a line of its own, whose members
            may be named in the target file as ``{name}``; ``connect``: when its port answers.
        timeout_seconds: How long that may take.
        environment: Variables to add to the suite's own.

    """

    command: tuple[str, ...]
    ready: Literal["json", "connect"] = "connect"
    timeout_seconds: float = 30.0
    environment: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Limits:
    """The limits that the server states (MC1-LIMIT-01); see :data:`Limit`."""

    frame_bytes: Limit = None
    message_length: Limit = None
    rooms_per_connection: Limit = None
    command_burst: Limit = None
    refusal_burst: Limit = None
    backlog_bytes: Limit = None
    handshake_bytes: Limit = None
    handshake_seconds: Limit = None
    vanish_seconds: Limit = None
    close_seconds: Limit = None
    stop_seconds: Limit = None
    outage_seconds: Limit = None


@dataclass(frozen=True, slots=True)
class Hooks:
    """
    What the suite may do to the server.

    Attributes:
        url: Where ``POST url + name`` pulls a hook of :attr:`offers`.
        offers: The hooks that the URL serves.
        commands: Hooks as command lines, with ``{argument}`` to be filled in.

    """

    url: str = ""
    offers: tuple[str, ...] = ()
    commands: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def names(self) -> frozenset[str]:
        """All that can be pulled."""
        return frozenset(self.offers) | frozenset(self.commands)


@dataclass(frozen=True, slots=True)
class Target:
    """
    A server to be judged.

    Attributes:
        url: The stream's address, ``ws`` or ``wss``.
        name: What reports call it.
        version: The version of the specification it is judged by.
        origin: Its own web origin; None: made from the URL.
        login: How a session is had.
        accounts: Who can log in.
        rooms: The rooms it has.
        announces: Whether it claims to send ENTER and LEAVE.
        limits: What it states.
        hooks: What may be done to it.
        start: How to start it; None: it runs already.
        groups: The groups that its file asks for; None: by where it is.
        deviations: Its deviations file, which may be missing.
        ca_file: Certificates to trust instead of the system's.
        file: The target file; None if there is none.

    """

    url: str
    name: str = ""
    version: str = "v1"
    origin: str | None = None
    login: Login = field(default_factory=Login)
    accounts: tuple[Account, ...] = ()
    rooms: tuple[Room, ...] = ()
    announces: bool = True
    limits: Limits = field(default_factory=Limits)
    hooks: Hooks = field(default_factory=Hooks)
    start: Start | None = None
    groups: tuple[Group, ...] | None = None
    deviations: Path | None = None
    ca_file: Path | None = None
    file: Path | None = None
