"""
The API as an ASGI application: which operation is meant, and whether it is carried out.

The order in which a request is judged is the same for all of them: the path (404), the method
(405), what the client can read (406), who asks (401, 403), the query or the body (415, 422), and
only then what the path names (404) and whether what is asked for can be done.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from http import HTTPStatus
from typing import Final

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route, Router
from starlette.types import Receive, Scope, Send

from multichat_proto.exceptions import StoreUnavailable
from multichat_server.api.caller import identify
from multichat_server.api.errors import PROBLEMS, Code, Refused
from multichat_server.api.models import Failure
from multichat_server.api.operation import PREFIX, Call, Operation, Who
from multichat_server.api.reading import accepts_json, read_body, read_query
from multichat_server.api.table import OPERATIONS
from multichat_server.storage import InvalidValue, LastStaff, NameTaken, NotFound, RightsChanged
from multichat_server.web.site import RETRY_SECONDS, Site

__all__ = ["api", "failed"]

_encode: Final = msgspec.json.Encoder().encode


def api(site: Site) -> Router:
    """
    Return the application, to be mounted at :data:`PREFIX`.

    Args:
        site: What it stands on, which stays the caller's.

    """
    by_path: dict[str, list[Operation]] = defaultdict(list)
    for each in OPERATIONS:
        by_path[each.path].append(each)
    return Router(
        [Route(path, _Resource(site, found)) for path, found in by_path.items()],
        redirect_slashes=False,
        default=_nothing_here,
    )


def failed() -> Response:
    """Return the answer to a request at which the server has failed."""
    return _refusal(Refused(Code.SERVER_FAILED))


async def _nothing_here(scope: Scope, receive: Receive, send: Send) -> None:
    await _refusal(Refused(Code.NOT_FOUND))(scope, receive, send)


class _Resource:
    """An ASGI application that answers one path."""

    def __init__(self, site: Site, operations: Iterable[Operation]) -> None:
        self._site = site
        self._operations = {each.method: each for each in operations}
        if "GET" in self._operations:
            self._operations["HEAD"] = self._operations["GET"]
        self._allow = {"allow": ", ".join([*self._operations, "OPTIONS"])}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        try:
            response = await self._answer(request)
        except Refused as exc:
            response = _refusal(exc)
        await response(scope, receive, send)

    async def _answer(self, request: Request) -> Response:
        if request.method == "OPTIONS":
            return Response(status_code=HTTPStatus.NO_CONTENT, headers=self._allow)
        operation = self._operations.get(request.method)
        if operation is None:
            raise Refused(Code.METHOD_NOT_ALLOWED, headers=self._allow)
        if not accepts_json(request.headers.getlist("accept")):
            raise Refused(Code.NOT_ACCEPTABLE)
        try:
            return await self._judge(operation, request)
        except NotFound:
            raise Refused(operation.missing) from None
        except NameTaken as exc:
            raise Refused(Code.NAME_TAKEN, _sentence(exc)) from None
        except InvalidValue as exc:
            raise Refused(Code.BODY_INVALID, _sentence(exc)) from None
        except LastStaff as exc:
            raise Refused(Code.LAST_STAFF, _sentence(exc)) from None
        except (StoreUnavailable, RightsChanged):
            headers = {"retry-after": str(RETRY_SECONDS)}
            raise Refused(Code.SERVER_UNAVAILABLE, headers=headers) from None

    async def _judge(self, operation: Operation, request: Request) -> Response:
        try:
            return await self._carry_out(operation, request)
        except RightsChanged:
            # The session, the token or their rights ended on the way. Nothing was changed; it is
            # answered as one that comes after that.
            return await self._carry_out(operation, request)

    async def _carry_out(self, operation: Operation, request: Request) -> Response:
        caller = None
        if operation.who is not Who.EVERYBODY:
            caller = await identify(self._site, request)
            if operation.who is Who.STAFF and not caller.user.is_staff:
                raise Refused(Code.STAFF_ONLY)
        call = Call(self._site, request, caller)
        if operation.takes is None:
            result = await operation.run(call)
        elif operation.is_safe:
            result = await operation.run(call, read_query(request, operation.takes))
        else:
            result = await operation.run(call, await read_body(request, operation.takes))
        if result is None:
            return Response(status_code=operation.status)
        headers = {}
        if operation.location is not None:
            headers["location"] = PREFIX + operation.location.format(id=result.id)
        return _json(result, operation.status, headers)


def _refusal(refused: Refused) -> Response:
    failure = Failure(refused.code, refused.detail)
    return _json(failure, PROBLEMS[refused.code].status, refused.headers)


def _json(result: object, status: HTTPStatus, headers: Mapping[str, str] | None) -> Response:
    return Response(
        _encode(result), status_code=status, headers=headers, media_type="application/json"
    )


def _sentence(exc: Exception) -> str:
    text = str(exc)
    return f"{text[0].upper()}{text[1:]}."
