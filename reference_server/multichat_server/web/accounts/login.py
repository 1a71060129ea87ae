"""
Login and logout, with the original's paths, fields, cookies and answers.

A login always begins a new session under a new key, and ends the one that the browser had: a key
that somebody planted in it beforehand is worth nothing afterwards.

Wrong passwords are counted (:mod:`multichat_server.throttle`). Beyond the limit a password is not
even looked at, so that the answer says nothing about it, and is the same whether or not there is
such an account, but for accounts that are at home on that network and have tries of their own.
"""

import math
import posixpath
from typing import Final
from urllib.parse import unquote, urlsplit

from starlette.responses import RedirectResponse, Response

from multichat_proto.exceptions import StoreUnavailable
from multichat_proto.handshake import CSRF_COOKIE, CSRF_FIELD, LOGOUT_PATH
from multichat_server.passwords import TooManyChecks
from multichat_server.storage import PasswordChanged
from multichat_server.throttle import TooManyFailures
from multichat_server.web import csrf, notices
from multichat_server.web.accounts.opening import open_session, set_session_cookies
from multichat_server.web.addresses import network_of
from multichat_server.web.page import Visit, delete_session_cookie
from multichat_server.web.redirects import HOME, local_path
from multichat_server.web.rendering import render

__all__ = ["BUSY", "BUSY_SECONDS", "log_in", "log_out", "retry_after", "too_many_failures"]

# The original's words (Django's), which clients may look for.
_WRONG: Final = (
    "Please enter a correct username and password. Note that both fields may be case-sensitive."
)
_REQUIRED: Final = "This field is required."

#: What is said when so many passwords are waiting to be checked that one more is not.
BUSY: Final = "Too many people are logging in just now. Please try again in a moment."

#: Seconds after which a browser may try again then; the queue is far shorter.
BUSY_SECONDS: Final = 5.0


async def log_in(visit: Visit) -> Response:
    """
    Show the login form, or log in and redirect; what is wrong is said in the form, with 200.

    With 429 after too many wrong passwords, and with 503 if so many are logging in at once, the
    password was not even looked at.
    """
    if visit.request.method != "POST":
        return _form(visit, is_empty=await _is_empty(visit))
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
    site = visit.site
    try:
        attempt = site.throttle.begin(username, network_of(visit.address))
    except TooManyFailures as exc:
        return _refusal(visit, username, too_many_failures(exc), status=429, wait=exc.wait)
    try:
        verified = await site.store.check_password(username, password)
    except TooManyChecks:
        attempt.not_made()
        return _refusal(visit, username, BUSY, status=503, wait=BUSY_SECONDS)
    except StoreUnavailable:
        attempt.not_made()
        raise
    if verified is None:
        return _form(visit, username=username, error=_WRONG)
    attempt.succeeded()
    try:
        key = await open_session(visit, verified)
    except PasswordChanged:
        # It was right a moment ago.
        return _form(visit, username=username, error=_WRONG)

    response = RedirectResponse(_next_after_login(visit), status_code=302)
    set_session_cookies(visit, response, key)
    return response


async def _is_empty(visit: Visit) -> bool:
    """Tell whether nobody can log in because nobody has an account."""
    try:
        return not await visit.site.store.has_users()
    except StoreUnavailable:
        # The form can be shown all the same; by the time it is filled in, things may be better.
        return False


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


def too_many_failures(exc: TooManyFailures) -> str:
    """Say to a person how long to wait."""
    seconds = math.ceil(exc.wait)
    wait = f"{seconds} seconds" if seconds < 120 else f"{math.ceil(seconds / 60)} minutes"
    return f"Too many wrong passwords. Please try again in {wait}."


def retry_after(response: Response, seconds: float) -> Response:
    """Say to a program how long to wait."""
    response.headers["retry-after"] = str(math.ceil(seconds))
    return response


def _refusal(visit: Visit, username: str, error: str, *, status: int, wait: float) -> Response:
    response = _form(visit, username=username, error=error, status=status)
    return retry_after(response, wait)


def _form(
    visit: Visit,
    *,
    status: int = 200,
    username: str = "",
    error: str | None = None,
    username_error: str | None = None,
    password_error: str | None = None,
    is_empty: bool = False,
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
        is_empty=is_empty,
        visitor=visit.user,
        # The original's form loses it.
        next=target if target != HOME else None,
    )


def _with_token(visit: Visit, template: str, *, status: int = 200, **values: object) -> Response:
    """Return a page with a form, and the cookie that the form needs."""
    token = csrf.token_of(visit.request) or csrf.new_token()
    notice = notices.notice_for(visit.request)
    values |= {"token": token, "token_field": CSRF_FIELD, "notice": notice}
    response = render(template, status=status, values=values)
    visit.set_cookie(response, CSRF_COOKIE, token, seconds=csrf.COOKIE_SECONDS)
    return response


def _next(visit: Visit) -> str:
    """Return where to go next: what the form says, or else the query, if it is here."""
    target = visit.field("next")
    if target is None:
        target = visit.request.query_params.get("next", HOME)
    return local_path(target)


def _next_after_login(visit: Visit) -> str:
    """Return where to go after a login: not straight out again."""
    target = _next(visit)
    # As a browser and we would read it: "/accounts/./%6cogout/" is the same.
    path = posixpath.normpath(unquote(urlsplit(target).path))
    return HOME if path.startswith(LOGOUT_PATH.rstrip("/")) else target


def _was_asked_for(visit: Visit) -> bool:
    """Tell whether following a link was meant here, as far as the browser says."""
    headers = visit.request.headers
    site = headers.get("sec-fetch-site", "none")
    # A browser may fetch links ahead of time; nobody has clicked then.
    purpose = headers.get("sec-purpose", headers.get("purpose", ""))
    return site in ("none", "same-origin") and "prefetch" not in purpose
