"""How a page answers: with a template that knows who is visiting, or by sending one elsewhere."""

from urllib.parse import urlencode

from starlette.responses import RedirectResponse, Response

from multichat_proto.handshake import CSRF_COOKIE, CSRF_FIELD
from multichat_server.web import csrf, notices
from multichat_server.web.page import Visit
from multichat_server.web.rendering import render

__all__ = ["page", "redirect"]


def page(visit: Visit, template: str, *, status: int = 200, **values: object) -> Response:
    """
    Return a page with all that the base template shows.

    The template knows, besides the values: ``user`` (``None`` if nobody is logged in), ``token``
    and ``token_field`` for its forms, ``notice`` (a sentence or ``None``), ``path``, ``status``
    and ``phrase``. A browser that has no token for its forms gets one.

    Args:
        visit: The visit that is answered.
        template: The file's name in the folder of templates.
        status: The HTTP status.
        values: What the template calls by name.

    """
    known = csrf.token_of(visit.request)
    token = known or csrf.new_token()
    common: dict[str, object] = {
        "user": visit.user,
        "token": token,
        "token_field": CSRF_FIELD,
        "notice": notices.notice_for(visit.request),
        "path": visit.request.url.path,
    }
    response = render(template, status=status, values=common | values)
    if known is None:
        visit.set_cookie(response, CSRF_COOKIE, token, seconds=csrf.COOKIE_SECONDS)
    return response


def redirect(path: str, *, notice: str | None = None, status: int = 303) -> Response:
    """
    Send a browser to another page of ours.

    Args:
        path: The page, without a query; what a client asked for has gone through
            :func:`~multichat_server.web.redirects.local_path` before.
        notice: The code of what that page is to say; ``None`` for nothing.
        status: 303, by which the browser asks for the page with GET.

    Raises:
        ValueError: There is no such notice.

    """
    if notice is not None:
        if not notices.is_registered(notice):
            raise ValueError(f"there is no notice {notice!a}")
        path += "?" + urlencode({notices.FIELD: notice})
    return RedirectResponse(path, status_code=status)
