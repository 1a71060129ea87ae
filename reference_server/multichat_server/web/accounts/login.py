"""
Login and logout, with the original's paths, fields, cookies and answers.

A login always begins a new session under a new key, and ends the one that the browser had: a key
that somebody planted in it beforehand is worth nothing afterwards.
"""

from typing import Final

from starlette.responses import RedirectResponse, Response

from multichat_proto.handshake import CSRF_COOKIE, CSRF_FIELD, SESSION_COOKIE
from multichat_server.passwords import TooManyChecks
from multichat_server.storage import NotFound
from multichat_server.web import csrf
from multichat_server.web.page import Visit, delete_session_cookie
from multichat_server.web.redirects import HOME, local_path
from multichat_server.web.rendering import render

__all__ = ["log_in", "log_out"]

# The original's words (Django's), which clients may look for.
_WRONG: Final = (
    "Please enter a correct username and password. Note that both fields may be case-sensitive."
)
_REQUIRED: Final = "This field is required."
_BUSY: Final = "Too many people are logging in just now. Please try again in a moment."

# Seconds after which a browser may try again; the queue is far shorter.
_RETRY_AFTER: Final = "5"


async def log_in(visit: Visit) -> Response:
    """
    Show the login form, or log in and redirect; what is wrong is said in the form, with 200.

    With 503 if so many are logging in that the password was not even looked at.
    """
    if visit.request.method != "POST":
        return _form(visit)
    # As Django's form does: spaces around a name are nobody's intention.
    username = (visit.field("username") or "").strip()
    password = visit.field("password") or ""
    if not username or not password:
        return _form(
            visit,
            username=username,
            username_error=None if username else _REQUIRED,
            password_error=None if password else _REQUIRED,
        )
    store, settings = visit.site.store, visit.site.settings
    try:
        user = await store.check_password(username, password)
    except TooManyChecks:
        response = _form(visit, username=username, error=_BUSY, status=503)
        response.headers["retry-after"] = _RETRY_AFTER
        return response
    if user is None:
        return _form(visit, username=username, error=_WRONG)
    try:
        key = await store.start_session(
            user.id, lifetime=settings.session_lifetime, client=visit.client
        )
    except NotFound:
        # Deleted since a moment ago.
        return _form(visit, username=username, error=_WRONG)
    if visit.session_key:
        await visit.site.end_session(visit.session_key)

    response = RedirectResponse(_next(visit), status_code=302)
    visit.set_cookie(response, CSRF_COOKIE, csrf.new_token(), seconds=csrf.COOKIE_SECONDS)
    visit.set_cookie(response, SESSION_COOKIE, key, seconds=settings.session_lifetime)
    return response


async def log_out(visit: Visit) -> Response:
    """
    End the session and redirect.

    A link suffices, as in the original, but only from our own pages or from the address bar:
    another site's page could otherwise log its visitors out here. HEAD changes nothing.
    """
    if visit.request.method == "GET" and not _was_asked_for(visit):
        return _with_token(visit, "logout.html", status=403)
    response = RedirectResponse(_next(visit), status_code=302)
    if visit.request.method != "HEAD" and visit.session_key:
        await visit.site.end_session(visit.session_key)
        delete_session_cookie(visit, response)
    return response


def _form(
    visit: Visit,
    *,
    status: int = 200,
    username: str = "",
    error: str | None = None,
    username_error: str | None = None,
    password_error: str | None = None,
) -> Response:
    target = _next(visit)
    return _with_token(
        visit,
        "login.html",
        status=status,
        username=username,
        error=error,
        username_error=username_error,
        password_error=password_error,
        # The original's form loses it.
        next=target if target != HOME else None,
    )


def _with_token(
    visit: Visit, template: str, *, status: int = 200, **values: str | None
) -> Response:
    """Return a page with a form, and the cookie that the form needs."""
    token = csrf.token_of(visit.request) or csrf.new_token()
    values |= {"token": token, "token_field": CSRF_FIELD}
    response = render(template, status=status, values=values)
    visit.set_cookie(response, CSRF_COOKIE, token, seconds=csrf.COOKIE_SECONDS)
    return response


def _next(visit: Visit) -> str:
    """Return where to go next: what the form says, or else the query, if it is here."""
    target = visit.field("next")
    if target is None:
        target = visit.request.query_params.get("next", HOME)
    return local_path(target)


def _was_asked_for(visit: Visit) -> bool:
    """Tell whether following a link was meant here, as far as the browser says."""
    headers = visit.request.headers
    site = headers.get("sec-fetch-site", "none")
    # A browser may fetch links ahead of time; nobody has clicked then.
    purpose = headers.get("sec-purpose", headers.get("purpose", ""))
    return site in ("none", "same-origin") and "prefetch" not in purpose
