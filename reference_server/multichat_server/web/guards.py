"""Who may see a page: everybody logged in, or staff; the others are sent to the login."""

from collections.abc import Awaitable, Callable
from functools import wraps
from urllib.parse import quote

from starlette.responses import RedirectResponse, Response

from multichat_proto.handshake import LOGIN_PATH
from multichat_server.web.answers import page
from multichat_server.web.page import Visit

__all__ = ["login_required", "login_url", "staff_only"]

Show = Callable[[Visit], Awaitable[Response]]


def login_required(show: Show) -> Show:
    """Make a page one for those who are logged in; others log in first and come back."""

    @wraps(show)
    async def guarded(visit: Visit) -> Response:
        if visit.user is None:
            return RedirectResponse(login_url(visit), status_code=302)
        return await show(visit)

    return guarded


def staff_only(show: Show) -> Show:
    """Make a page one for staff; others who are logged in get 403."""

    @login_required
    @wraps(show)
    async def guarded(visit: Visit) -> Response:
        if not visit.known_user.is_staff:
            return page(visit, "not_staff.html", status=403)
        return await show(visit)

    return guarded


def login_url(visit: Visit) -> str:
    """Return the login's address, from where one comes back to this page."""
    url = visit.request.url
    # What was posted is gone by then; the page that it was posted to shows the form again.
    query = f"?{url.query}" if url.query and visit.request.method != "POST" else ""
    # Starlette decodes the path, so that it is quoted once for being a path and once for being
    # a value.
    return f"{LOGIN_PATH}?next={quote(quote(url.path) + query, safe='/')}"
