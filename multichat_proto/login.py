"""
Log in the way a browser does: by the form at ``/accounts/login/``.

That form is how the 2016 original knows its users, and how the reference server does: a GET
gives a CSRF cookie and a hidden field, a POST with both and the account gives the session
cookie that names the user in the WebSocket handshake (MC1-AUTH-01). Nothing here goes to
another origin than the one it was asked for: no redirect is followed and no proxy used.
"""

import ssl
from html.parser import HTMLParser
from typing import Final

import httpx2
import trio

from multichat_proto.address import Address
from multichat_proto.exceptions import ConnectionFailed, LoginFailed
from multichat_proto.failures import failure_reason
from multichat_proto.handshake import CSRF_FIELD, LOGIN_PATH, SESSION_COOKIE

__all__ = ["cookie_header", "form_login"]

_MAX_PAGE_BYTES: Final = 262_144
"""Longest login page that is read, 256 KiB; the original's has 1.5 KiB."""


async def form_login(
    url: str | Address,
    username: str,
    password: str,
    *,
    ssl_context: ssl.SSLContext | None = None,
    transport: httpx2.AsyncBaseTransport | None = None,
) -> dict[str, str]:
    """
    Log in and return the cookies that the WebSocket handshake needs.

    Runs on Trio; put a cancel scope around it. Cancelling it may leave a session behind on
    the server, which ends by its age.

    Args:
        url: The chat server's address; the form is at :data:`LOGIN_PATH` of its origin.
        username: As the server spells it; the original minds case.
        password: Shown in no error and no log.
        ssl_context: For ``https``; ``None`` means the system's certificates.
        transport: Carries the requests instead of the network.

    Raises:
        LoginFailed: The server did not take the account, or shows no login form that we know;
            or the name or the password has lone surrogates, which no form can carry.
        ConnectionFailed: The server cannot be reached.

    """
    for what, text in (("user name", username), ("password", password)):
        if not _is_unicode(text):
            raise LoginFailed(f"cannot log in: the {what} is not valid Unicode text")
    address = url if isinstance(url, Address) else Address.parse(url)
    page = address.origin + LOGIN_PATH
    async with httpx2.AsyncClient(
        verify=(ssl_context or ssl.create_default_context()) if address.secure else False,
        transport=transport,
        trust_env=False,
        follow_redirects=False,
        timeout=None,  # the caller's cancel scope is the timeout
        headers={"User-Agent": "multichat", "Accept-Encoding": "identity"},
    ) as client:
        token = await _fetch_token(client, address, page)
        form = {CSRF_FIELD: token, "username": username, "password": password}
        status, _, _ = await _exchange(client, address, page, form)
        if status == 403:
            raise LoginFailed(f"{page} refused the form as forged (HTTP 403, CSRF)")
        if status == 429:
            raise LoginFailed(f"{page} refuses more attempts just now (HTTP 429)")
        if status == 200:
            raise LoginFailed(
                f"{address.origin} does not accept this user name and password "
                f"for {username!r} (or the account is switched off)"
            )
        if not 300 <= status < 400:
            raise LoginFailed(f"{page} answered the login with HTTP {status}")
        return _session_cookies(client, address)


def cookie_header(cookies: dict[str, str]) -> str:
    """Return the value of a ``Cookie`` header for these cookies."""
    return "; ".join(f"{name}={value}" for name, value in cookies.items())


def _is_unicode(text: str) -> bool:
    # The error stays in here: it would carry the password.
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


async def _fetch_token(client: httpx2.AsyncClient, address: Address, page: str) -> str:
    status, location, text = await _exchange(client, address, page, None)
    if 300 <= status < 400:
        raise LoginFailed(f"no login form at {page}: it redirects to {location or 'nowhere'}")
    if status != 200:
        raise LoginFailed(f"no login form at {page}: HTTP {status}")
    form = _LoginForm()
    form.feed(text)
    form.close()
    if form.token is None or not form.has_password:
        raise LoginFailed(f"no login form at {page}: the page has no such fields")
    return form.token


async def _exchange(
    client: httpx2.AsyncClient, address: Address, page: str, form: dict[str, str] | None
) -> tuple[int, str, str]:
    """Return status, ``Location`` and the text of the answer; a form makes it a POST."""
    # Django wants a Referer of its own origin on every POST over TLS.
    headers = {"Referer": page, "Origin": address.origin} if form else {}
    try:
        async with client.stream(
            "POST" if form else "GET", page, data=form, headers=headers
        ) as response:
            body = bytearray()
            # Cancelled, not left: leaving the loop would leave its generators to the
            # garbage collector. Raw, since a small page can unpack to a big one.
            with trio.CancelScope() as reading:
                async for chunk in response.aiter_raw():
                    body += chunk
                    if len(body) > _MAX_PAGE_BYTES:
                        reading.cancel()
            if len(body) > _MAX_PAGE_BYTES:
                raise LoginFailed(f"no login form at {page}: the page has no end")
            return (
                response.status_code,
                response.headers.get("location", ""),
                body.decode("utf-8", "replace"),
            )
    except httpx2.RequestError as exc:
        # Not "from exc": the request hangs on it, and with it the password.
        reason = failure_reason(exc)
    raise ConnectionFailed(f"cannot reach {address.origin} to log in: {reason}")


def _session_cookies(client: httpx2.AsyncClient, address: Address) -> dict[str, str]:
    # The jar decides what may go to that address: domain, path, age and Secure are its trade.
    request = client.build_request("GET", address.origin + address.target)
    pairs = (pair.partition("=") for pair in request.headers.get("cookie", "").split("; "))
    cookies = {name: value for name, _, value in pairs if name}
    if not cookies.get(SESSION_COOKIE):
        kept_back = any(
            cookie.name == SESSION_COOKIE and cookie.secure for cookie in client.cookies.jar
        )
        raise LoginFailed(
            f"{address.origin} gives its session to encrypted connections only: use https or wss"
            if kept_back
            else f"{address.origin} accepted the login and gave no session cookie"
        )
    return cookies


class _LoginForm(HTMLParser):
    """Finds the two fields that make a page a login form."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.token: str | None = None
        self.has_password = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag != "input":
            return
        field = dict(attrs)
        if field.get("name") == CSRF_FIELD and self.token is None:
            self.token = field.get("value") or None
        if field.get("name") == "password":
            self.has_password = True
