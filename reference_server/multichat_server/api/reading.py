"""
Reading requests: whether they want JSON and bring JSON, and what is in it.

How long a body can be is the setting ``http_body_bytes``, which holds before anything here is
asked. How deep it can be nested follows from the types: the first value that is not of its type
ends the reading, and no type of ours is nested.
"""

import re
from collections.abc import Sequence
from typing import Final, TypeVar

import msgspec
from python_multipart.multipart import parse_options_header
from starlette.requests import Request

from multichat_server.api.errors import Code, Refused

__all__ = ["accepts_json", "read_body", "read_query"]

T = TypeVar("T", bound=msgspec.Struct)

_JSON: Final = b"application/json"

# From the least to the most exact, which is the one that counts (RFC 9110, section 12.5.1).
_RANGES: Final = ("*/*", "application/*", "application/json")
_NO_WEIGHT: Final = re.compile(r"0(\.0{0,3})?")

# Names of members can be as long as the body.
_LONGEST_DETAIL: Final = 300


def accepts_json(headers: Sequence[str]) -> bool:
    """
    Tell whether a client can take JSON.

    Args:
        headers: The values of its headers ``Accept``; without any, it takes everything.

    """
    wanted: dict[str, bool] = {}
    for each in ",".join(headers).split(","):
        media, *parameters = (part.strip().lower() for part in each.split(";"))
        if media:
            weights = [part[2:] for part in parameters if part.startswith("q=")]
            wanted[media] = not any(_NO_WEIGHT.fullmatch(weight) for weight in weights)
    if not wanted:
        return True
    decisions = [wanted[media] for media in _RANGES if media in wanted]
    return bool(decisions) and decisions[-1]


async def read_body(request: Request, kind: type[T]) -> T:
    """
    Return what a request's body says.

    Raises:
        Refused: It is no JSON (``TYPE_NOT_JSON``), or not the one that is needed
            (``BODY_INVALID``).

    """
    if not _has_json(request):
        raise Refused(Code.TYPE_NOT_JSON)
    try:
        return msgspec.json.decode(await request.body(), type=kind)
    except UnicodeDecodeError:
        raise Refused(Code.BODY_INVALID, "The body is not UTF-8.") from None
    except msgspec.DecodeError as exc:
        raise Refused(Code.BODY_INVALID, _sentence(exc)) from None


def read_query(request: Request, kind: type[T]) -> T:
    """
    Return what a request's query says; the last of several values counts.

    Raises:
        Refused: A value is not one that is needed (``QUERY_INVALID``).

    """
    try:
        return msgspec.convert(dict(request.query_params), kind, strict=False)
    except msgspec.ValidationError as exc:
        raise Refused(Code.QUERY_INVALID, _sentence(exc)) from None


def _has_json(request: Request) -> bool:
    kinds = request.headers.getlist("content-type")
    if len(kinds) != 1 or request.headers.get("content-encoding", "identity") != "identity":
        return False
    kind, options = parse_options_header(kinds[0])
    return kind == _JSON and options.get(b"charset", b"utf-8").lower() == b"utf-8"


def _sentence(exc: Exception) -> str:
    return f"{exc}"[:_LONGEST_DETAIL] + "."
