"""
What the API says when it does not do what it was asked for.

An answer of status 400 and above is ``{"error": CODE, "detail": SENTENCE}``. Where v1 has a code
for the same thing it is that one, so that a program needs one table for both; the others are the
API's own.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from http import HTTPStatus
from types import MappingProxyType
from typing import Final

from multichat_proto.messages import ErrorCode

__all__ = ["PROBLEMS", "Code", "Problem", "Refused"]


class Code(StrEnum):
    """What is in ``error``."""

    USER_HAS_TO_LOGIN = ErrorCode.USER_HAS_TO_LOGIN.value
    ROOM_INVALID = ErrorCode.ROOM_INVALID.value
    ROOM_ACCESS_DENIED = ErrorCode.ROOM_ACCESS_DENIED.value
    MESSAGE_TOO_LONG = ErrorCode.MESSAGE_TOO_LONG.value
    SERVER_UNAVAILABLE = ErrorCode.SERVER_UNAVAILABLE.value

    STAFF_ONLY = "STAFF_ONLY"
    CSRF_FAILED = "CSRF_FAILED"
    NOT_FOUND = "NOT_FOUND"
    METHOD_NOT_ALLOWED = "METHOD_NOT_ALLOWED"
    NOT_ACCEPTABLE = "NOT_ACCEPTABLE"
    TYPE_NOT_JSON = "TYPE_NOT_JSON"
    BODY_INVALID = "BODY_INVALID"
    QUERY_INVALID = "QUERY_INVALID"
    NAME_TAKEN = "NAME_TAKEN"
    OWN_ACCOUNT = "OWN_ACCOUNT"
    LAST_STAFF = "LAST_STAFF"
    SERVER_FAILED = "SERVER_FAILED"


@dataclass(frozen=True, slots=True)
class Problem:
    """
    What a code stands for.

    Attributes:
        status: The HTTP status that it comes with.
        meaning: A sentence, the ``detail`` where there is nothing more exact to say.

    """

    status: HTTPStatus
    meaning: str


PROBLEMS: Final[Mapping[Code, Problem]] = MappingProxyType(
    {
        Code.USER_HAS_TO_LOGIN: Problem(
            HTTPStatus.UNAUTHORIZED, "This takes a token, or the cookie of a session."
        ),
        Code.STAFF_ONLY: Problem(HTTPStatus.FORBIDDEN, "This is for staff."),
        Code.CSRF_FAILED: Problem(
            HTTPStatus.FORBIDDEN,
            "With a cookie, changes take the header X-CSRFToken, which repeats the cookie "
            "csrftoken, and come from a page of this server.",
        ),
        Code.ROOM_ACCESS_DENIED: Problem(HTTPStatus.FORBIDDEN, "This room is for staff."),
        Code.ROOM_INVALID: Problem(HTTPStatus.NOT_FOUND, "There is no such room."),
        Code.NOT_FOUND: Problem(HTTPStatus.NOT_FOUND, "There is nothing here."),
        Code.METHOD_NOT_ALLOWED: Problem(
            HTTPStatus.METHOD_NOT_ALLOWED,
            "This method does nothing here; Allow names those that do.",
        ),
        Code.NOT_ACCEPTABLE: Problem(
            HTTPStatus.NOT_ACCEPTABLE, "Answers are application/json, which Accept leaves out."
        ),
        Code.NAME_TAKEN: Problem(HTTPStatus.CONFLICT, "There is one of that name already."),
        Code.OWN_ACCOUNT: Problem(
            HTTPStatus.CONFLICT,
            "This is your own account. Another member of staff can do that.",
        ),
        Code.LAST_STAFF: Problem(
            HTTPStatus.CONFLICT, "The account is the only active one of staff."
        ),
        Code.TYPE_NOT_JSON: Problem(
            HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "A body is application/json, in UTF-8, as it is."
        ),
        Code.BODY_INVALID: Problem(
            HTTPStatus.UNPROCESSABLE_ENTITY, "The body is not what is needed here."
        ),
        Code.QUERY_INVALID: Problem(
            HTTPStatus.UNPROCESSABLE_ENTITY, "The query is not what is needed here."
        ),
        Code.MESSAGE_TOO_LONG: Problem(
            HTTPStatus.UNPROCESSABLE_ENTITY, "The message is longer than this server's limit."
        ),
        Code.SERVER_FAILED: Problem(
            HTTPStatus.INTERNAL_SERVER_ERROR, "The server has failed here; this was logged."
        ),
        Code.SERVER_UNAVAILABLE: Problem(
            HTTPStatus.SERVICE_UNAVAILABLE,
            "The database cannot be reached just now. Nothing was changed by this request, or all "
            "of it; look before you repeat it.",
        ),
    }
)


class Refused(Exception):
    """
    A request is not carried out.

    Attributes:
        code: Why.
        detail: The same as a sentence.
        headers: What else the answer says.

    """

    def __init__(
        self, code: Code, detail: str | None = None, *, headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(code)
        self.code = code
        self.detail = PROBLEMS[code].meaning if detail is None else detail
        self.headers = headers
