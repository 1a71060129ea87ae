"""What a page of one room or user shows when there is none, or not any more."""

from collections.abc import Awaitable, Callable
from functools import wraps
from typing import Literal

from starlette.responses import Response

from multichat_server.storage import NotFound
from multichat_server.web.answers import page
from multichat_server.web.page import Visit

__all__ = ["may_have_vanished"]

Show = Callable[[Visit], Awaitable[Response]]


def may_have_vanished(kind: Literal["room", "user"]) -> Callable[[Show], Show]:
    """
    Have a page answer with 404, and the way back, if what it is about was deleted.

    Somebody else can do that at any moment, also between the two halves of an answer.
    """

    def guard(show: Show) -> Show:
        @wraps(show)
        async def guarded(visit: Visit) -> Response:
            try:
                return await show(visit)
            except NotFound:
                return page(visit, "admin/vanished.html", status=404, kind=kind)

        return guarded

    return guard
