"""
Operations: what can be asked for, each a function with its method, its path and who may ask.

What a function takes and gives is in its annotations, and nowhere else: requests are read by
them, and the description of the API is made of them::

    @operation("POST", "/rooms", who=Who.STAFF, refuses=(Code.BODY_INVALID,))
    async def add_room(call: Call, new: NewRoom) -> Room:
        \"\"\"Add a room.\"\"\"

The second argument, if there is one, is the query of a GET and the body of anything else.
"""

import inspect
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from enum import Enum, auto
from http import HTTPStatus
from typing import Any, Final, get_type_hints

import msgspec
from starlette.requests import Request

from multichat_server.api.caller import SAFE_METHODS, Caller
from multichat_server.api.errors import Code, Refused
from multichat_server.storage.names import parse_id
from multichat_server.web.site import Site

__all__ = ["PREFIX", "Call", "Operation", "Who", "operation"]

#: Below which path all operations are.
PREFIX: Final = "/api/v1"


class Who(Enum):
    """Who may ask for something."""

    EVERYBODY = auto()
    USERS = auto()
    STAFF = auto()


@dataclass(frozen=True, slots=True)
class Call:
    """
    One request, as an operation sees it.

    Attributes:
        site: What the server's pages and this stand on.
        request: The request.
        caller: Who asks; ``None`` where nobody was asked.

    """

    site: Site
    request: Request
    caller: Caller | None

    @property
    def known(self) -> Caller:
        """Who asks, in an operation for those who are logged in."""
        if self.caller is None:
            raise Refused(Code.USER_HAS_TO_LOGIN)
        return self.caller

    @property
    def room_id(self) -> int:
        """
        Which room the path names.

        Raises:
            Refused: None that there could be.

        """
        return self.path_id("room_id", Code.ROOM_INVALID)

    def path_id(self, name: str, otherwise: Code = Code.NOT_FOUND) -> int:
        """
        Return the id that a part of the path is.

        Raises:
            Refused: It is written in another way than ids are, or is none.

        """
        number = parse_id(self.request.path_params[name])
        if number is None:
            raise Refused(otherwise)
        return number


@dataclass(frozen=True, slots=True, eq=False)
class Operation:
    """
    Something that can be asked for.

    Attributes:
        name: Names it in the description, among all others.
        method: The HTTP method.
        path: The path below :data:`PREFIX`, its parts in braces.
        who: Who may ask for it.
        run: Does it.
        about: What it does, for people: the function's docstring.
        takes: What its query or body is read as; ``None`` if there is none.
        gives: What it returns; ``None`` if nothing.
        status: The status of its success.
        location: The path of what it made, below :data:`PREFIX`, with ``{id}`` in it; ``None`` if
            it makes nothing.
        refuses: Codes of refusals that can be its own, besides those that follow from the above.

    """

    name: str
    method: str
    path: str
    who: Who
    run: Callable[..., Awaitable[Any]]
    about: str
    takes: type[msgspec.Struct] | None
    gives: Any
    status: HTTPStatus
    location: str | None
    refuses: tuple[Code, ...]

    @property
    def is_safe(self) -> bool:
        """Whether it changes nothing."""
        return self.method in SAFE_METHODS

    @property
    def codes(self) -> list[Code]:
        """Every code that can be its answer, in the order of :class:`Code`."""
        found = {*self.refuses, Code.NOT_ACCEPTABLE, Code.SERVER_FAILED}
        if self.who is not Who.EVERYBODY:
            found |= {Code.USER_HAS_TO_LOGIN, Code.SERVER_UNAVAILABLE}
            if not self.is_safe:
                found.add(Code.CSRF_FAILED)
        if self.who is Who.STAFF:
            found.add(Code.STAFF_ONLY)
        if self.takes is not None:
            read = {Code.QUERY_INVALID} if self.is_safe else {Code.TYPE_NOT_JSON, Code.BODY_INVALID}
            found |= read
        if "{" in self.path:
            found.add(self.missing)
        return [code for code in Code if code in found]

    @property
    def missing(self) -> Code:
        """What is said if there is nothing of the id that the path names."""
        return Code.ROOM_INVALID if "{room_id}" in self.path else Code.NOT_FOUND


def operation(
    method: str,
    path: str,
    *,
    who: Who,
    refuses: tuple[Code, ...] = (),
    location: str | None = None,
) -> Callable[[Callable[..., Awaitable[Any]]], Operation]:
    """Make an operation of a function; see :class:`Operation`."""

    def make(run: Callable[..., Awaitable[Any]]) -> Operation:
        hints = get_type_hints(run, include_extras=True)
        gives = hints.pop("return")
        taken = [kind for kind in hints.values() if kind is not Call]
        if gives is type(None):
            gives, status = None, HTTPStatus.NO_CONTENT
        else:
            status = HTTPStatus.OK if location is None else HTTPStatus.CREATED
        return Operation(
            name=run.__name__,
            method=method,
            path=path,
            who=who,
            run=run,
            about=inspect.getdoc(run) or "",
            takes=taken[0] if taken else None,
            gives=gives,
            status=status,
            location=location,
            refuses=refuses,
        )

    return make
