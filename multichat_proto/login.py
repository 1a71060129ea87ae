"""
Log in the way a browser does: by the form at ``/accounts/login/``.

That form is how the 2016 original knows its users, and how the reference server does: a GET
gives a CSRF cookie and a hidden field, a POST with both and the account gives the session
cookie that names the user in the WebSocket handshake (MC1-AUTH-01). Nothing here goes to
another origin than the one it was asked for: no redirect is followed and no proxy used.
"""

import asyncio
import logging
import ssl
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, closing, contextmanager, suppress
from contextvars import ContextVar
from html.parser import HTMLParser
from typing import Final, NamedTuple, TypedDict

import httpx2

from multichat_proto.address import Address
from multichat_proto.credentials import cookie_header
from multichat_proto.exceptions import LoginFailed, Retry
from multichat_proto.failures import login_error
from multichat_proto.handshake import CSRF_FIELD, LOGIN_PATH, SESSION_COOKIE

__all__ = ["cookie_header", "form_login", "form_login_sync"]

_AnyClient = httpx2.AsyncClient | httpx2.Client

_MAX_PAGE_BYTES: Final = 262_144
"""Longest login page that is read, 256 KiB; the original's has 1.5 KiB."""

_IS_LOGGING_IN: Final = ContextVar("_IS_LOGGING_IN", default=False)


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

    Runs on Trio and on asyncio; put a cancel scope, or a timeout, around it. Cancelling it
    may leave a session behind on the server, which ends by its age.

    Args:
        url: The chat server's address; the form is at :data:`LOGIN_PATH` of its origin.
        username: As the server spells it; the original minds case.
        password: Shown in no error and no log.
        ssl_context: For ``https``; ``None`` means the system's certificates.
        transport: Carries the requests instead of the network.

    Raises:
        LoginFailed: The server did not take the account, or shows no login form that we know;
            or the name or the password has lone surrogates, which no form can carry.
        CertificateInvalid: Its certificate is not trusted, or there is no TLS there.
        ConnectionFailed: The server cannot be reached.

    """
    form = _Form(url, username, password)
    async with httpx2.AsyncClient(
        verify=form.verify(ssl_context),
        transport=transport,
        timeout=None,  # the caller's cancel scope is the timeout
        **_CLIENT,
    ) as client:
        with _unlogged():
            token = form.read_page(await _exchange(client, form, None))
            form.read_answer(await _exchange(client, form, token))
        return form.cookies(client)


def form_login_sync(
    url: str | Address,
    username: str,
    password: str,
    *,
    ssl_context: ssl.SSLContext | None = None,
    timeout: float | None = 10.0,
    transport: httpx2.BaseTransport | None = None,
) -> dict[str, str]:
    """
    Log in and return the cookies that the WebSocket handshake needs; see :func:`form_login`.

    Args:
        url: The chat server's address; the form is at :data:`LOGIN_PATH` of its origin.
        username: As the server spells it; the original minds case.
        password: Shown in no error and no log.
        ssl_context: For ``https``; ``None`` means the system's certificates.
        timeout: Longest wait, in seconds, for each sign of life; ``None`` waits forever.
        transport: Carries the requests instead of the network.

    Raises:
        LoginFailed: The server did not take the account, or shows no login form that we know;
            or the name or the password has lone surrogates, which no form can carry.
        CertificateInvalid: Its certificate is not trusted, or there is no TLS there.
        ConnectionFailed: The server cannot be reached, or is too slow.

    """
    form = _Form(url, username, password)
    with httpx2.Client(
        verify=form.verify(ssl_context), transport=transport, timeout=timeout, **_CLIENT
    ) as client:
        with _unlogged():
            token = form.read_page(_exchange_sync(client, form, None))
            form.read_answer(_exchange_sync(client, form, token))
        return form.cookies(client)


@contextmanager
def _unlogged() -> Iterator[None]:
    """Keep what the block asks, and is answered, out of the log: cookies are in it."""
    token = _IS_LOGGING_IN.set(True)
    try:
        yield
    finally:
        _IS_LOGGING_IN.reset(token)


# At level DEBUG it writes down all headers. Only ours are left out: others may use it, too.
logging.getLogger("httpcore2.http11").addFilter(lambda _: not _IS_LOGGING_IN.get())


class _ClientArguments(TypedDict):
    trust_env: bool
    follow_redirects: bool
    headers: dict[str, str]


_CLIENT: Final[_ClientArguments] = {
    "trust_env": False,
    "follow_redirects": False,
    "headers": {"User-Agent": "multichat", "Accept-Encoding": "identity"},
}


class _Answer(NamedTuple):
    status: int
    location: str
    text: str


class _Form:
    """What is asked, and what the answers mean; who carries them is another's business."""

    def __init__(self, url: str | Address, username: str, password: str) -> None:
        for what, text in (("user name", username), ("password", password)):
            if not _is_unicode(text):
                raise LoginFailed(f"cannot log in: the {what} is not valid Unicode text")
        self.address = url if isinstance(url, Address) else Address.parse(url)
        self.page = self.address.origin + LOGIN_PATH
        self._username = username
        self._password = password

    def verify(self, ssl_context: ssl.SSLContext | None) -> ssl.SSLContext | bool:
        if not self.address.secure:
            return False
        return ssl_context or ssl.create_default_context()

    def request(self, client: _AnyClient, token: str | None) -> httpx2.Request:
        """Return the request for the page, or, with its token, the one that logs in."""
        if token is None:
            return client.build_request("GET", self.page)
        # Django wants a Referer of its own origin on every POST over TLS.
        return client.build_request(
            "POST",
            self.page,
            data={CSRF_FIELD: token, "username": self._username, "password": self._password},
            headers={"Referer": self.page, "Origin": self.address.origin},
        )

    def read_page(self, answer: _Answer) -> str:
        """Return the token that the form wants back."""
        status, location, text = answer
        if 300 <= status < 400:
            where = location or "nowhere"
            raise LoginFailed(f"no login form at {self.page}: it redirects to {where}")
        if status != 200:
            raise LoginFailed(f"no login form at {self.page}: HTTP {status}", retry=_retry(status))
        form = _LoginForm()
        form.feed(text)
        form.close()
        if form.token is None or not form.has_password:
            raise LoginFailed(f"no login form at {self.page}: the page has no such fields")
        return form.token

    def read_answer(self, answer: _Answer) -> None:
        """Raise if the account was not taken."""
        status = answer.status
        if status == 403:
            raise LoginFailed(f"{self.page} refused the form as forged (HTTP 403, CSRF)")
        if status == 429:
            raise LoginFailed(
                f"{self.page} refuses more attempts just now (HTTP 429)", retry=Retry.LATER
            )
        if status == 200:
            raise LoginFailed(
                f"{self.address.origin} does not accept this user name and password "
                f"for {self._username!r} (or the account is switched off)"
            )
        if not 300 <= status < 400:
            raise LoginFailed(
                f"{self.page} answered the login with HTTP {status}", retry=_retry(status)
            )

    def cookies(self, client: _AnyClient) -> dict[str, str]:
        return _session_cookies(client, self.address)

    def endless(self) -> LoginFailed:
        return LoginFailed(f"no login form at {self.page}: the page has no end")


def _retry(status: int) -> Retry:
    return Retry.LATER if status == 429 or status >= 500 else Retry.NO


def _is_unicode(text: str) -> bool:
    # The error stays in here: it would carry the password.
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


async def _exchange(client: httpx2.AsyncClient, form: _Form, token: str | None) -> _Answer:
    body = bytearray()
    try:
        response = await client.send(form.request(client, token), stream=True)
        try:
            # Cancelled, not left: leaving the loop would leave its generators to the garbage
            # collector. Raw, since a small page can unpack to a big one.
            async with _stoppable() as stop:
                async for chunk in response.aiter_raw():
                    body += chunk
                    if len(body) > _MAX_PAGE_BYTES:
                        stop()
        finally:
            await response.aclose()
        if len(body) > _MAX_PAGE_BYTES:
            raise form.endless()
        return _answer(response, body)
    except httpx2.RequestError as exc:
        error = login_error(exc, form.address.origin)
    raise error


@asynccontextmanager
async def _stoppable() -> AsyncIterator[Callable[[], None]]:
    """Give a way to cancel the block from within, on whichever library runs it."""
    if (trio := sys.modules.get("trio")) is not None and trio.lowlevel.in_trio_task():
        with trio.CancelScope() as scope:
            yield scope.cancel
    else:
        with suppress(TimeoutError):
            async with asyncio.timeout(None) as timeout:
                yield lambda: timeout.reschedule(asyncio.get_running_loop().time())


def _exchange_sync(client: httpx2.Client, form: _Form, token: str | None) -> _Answer:
    body = bytearray()
    try:
        response = client.send(form.request(client, token), stream=True)
        with closing(response):
            for chunk in response.iter_raw():
                body += chunk
                if len(body) > _MAX_PAGE_BYTES:
                    raise form.endless()
        return _answer(response, body)
    except httpx2.RequestError as exc:
        error = login_error(exc, form.address.origin)
    raise error


def _answer(response: httpx2.Response, body: bytearray) -> _Answer:
    location = response.headers.get("location", "")
    return _Answer(response.status_code, location, body.decode("utf-8", "replace"))


def _session_cookies(client: _AnyClient, address: Address) -> dict[str, str]:
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
