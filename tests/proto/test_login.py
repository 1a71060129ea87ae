"""Logging in by the original's form: what works, and a sentence for each thing that does not."""

import asyncio
import logging
import socket
import ssl
import traceback
from collections.abc import Mapping
from typing import Protocol

import httpx2
import pytest
import trio
import trustme

from multichat_proto import CertificateInvalid, ConnectionFailed, LoginFailed, Retry
from multichat_proto.login import cookie_header, form_login, form_login_sync
from tests.support.scripted import FORM, Peer, response, serve

# Not written where it is used: a traceback shows the source.
SECRET = "s3cr3t-wonderland"
LOGIN = "/accounts/login/"
SET_TOKEN = "Set-Cookie: csrftoken=t0ken; Path=/"
GOOD_FORM = response(200, FORM.format(token="t0ken"), SET_TOKEN)


class LogIn(Protocol):
    """One of the three ways to log in, called from Trio."""

    async def __call__(
        self,
        url: str,
        username: str,
        password: str,
        *,
        ssl_context: ssl.SSLContext | None = None,
    ) -> dict[str, str]: ...


async def in_asyncio(
    url: str, username: str, password: str, *, ssl_context: ssl.SSLContext | None = None
) -> dict[str, str]:
    def run() -> dict[str, str]:
        return asyncio.run(form_login(url, username, password, ssl_context=ssl_context))

    return await trio.to_thread.run_sync(run)


async def in_thread(
    url: str, username: str, password: str, *, ssl_context: ssl.SSLContext | None = None
) -> dict[str, str]:
    def run() -> dict[str, str]:
        return form_login_sync(url, username, password, ssl_context=ssl_context)

    return await trio.to_thread.run_sync(run)


@pytest.fixture(params=[form_login, in_asyncio, in_thread], ids=["trio", "asyncio", "sync"])
def log_in(request: pytest.FixtureRequest) -> LogIn:
    way: LogIn = request.param
    return way


async def nothing(_: Peer) -> None:
    pass


async def test_the_cookies_of_a_session(log_in: LogIn) -> None:
    async with serve(nothing) as server:
        cookies = await log_in(server.url, "alice", "wonderland")

    assert server.sessions == {cookies["sessionid"]: "alice"}
    assert cookies["csrftoken"] == "t0ken"
    assert cookie_header({"a": "1", "b": "2"}) == "a=1; b=2"
    _, (method, path, headers, body) = server.requests
    assert (method, path) == ("POST", LOGIN)
    assert headers["referer"] == server.origin + LOGIN
    assert headers["origin"] == server.origin
    assert body == b"csrfmiddlewaretoken=t0ken&username=alice&password=wonderland"


async def test_no_log_has_a_cookie(log_in: LogIn, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    async with serve(nothing) as server:
        cookies = await log_in(server.url, "alice", "wonderland")
        assert "t0ken" not in caplog.text
        assert cookies["sessionid"] not in caplog.text
        async with httpx2.AsyncClient() as client:
            await client.get(server.origin + LOGIN)
    assert "t0ken" in caplog.text  # of others, all is there that they ask for


async def test_over_tls(log_in: LogIn) -> None:
    authority = trustme.CA()
    server_context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("127.0.0.1").configure_cert(server_context)
    client_context = ssl.create_default_context()
    authority.configure_trust(client_context)

    async with serve(nothing, ssl_context=server_context) as server:
        cookies = await log_in(server.url, "bob", "builder", ssl_context=client_context)
        with pytest.raises(CertificateInvalid, match="its certificate is not trusted") as caught:
            await log_in(server.url, "bob", "builder")

    assert "sessionid" in cookies
    assert caught.value.retry is Retry.NO


@pytest.mark.parametrize(
    ("pages", "sentence"),
    [
        ({("GET", LOGIN): response(404, "")}, "no login form at .*: HTTP 404"),
        ({("GET", LOGIN): response(200, "<p>hi")}, "no login form at .*: the page has no such"),
        (
            {("GET", LOGIN): response(200, '<input name="csrfmiddlewaretoken" value="x">')},
            "the page has no such fields",
        ),
        (
            {("GET", LOGIN): response(301, "", "Location: https://elsewhere/")},
            "it redirects to https://elsewhere/",
        ),
        ({("GET", LOGIN): response(302, "")}, "it redirects to nowhere"),
        ({("GET", LOGIN): response(200, "x" * 300_000)}, "the page has no end"),
        ({("POST", LOGIN): response(403, "")}, "refused the form as forged"),
        ({("POST", LOGIN): response(429, "")}, "refuses more attempts just now"),
        ({("POST", LOGIN): response(500, "")}, "answered the login with HTTP 500"),
        ({("POST", LOGIN): GOOD_FORM}, "does not accept this user name and password for 'alice'"),
        ({("POST", LOGIN): response(302, "", "Location: /")}, "gave no session cookie"),
        (
            {("POST", LOGIN): response(302, "", "Set-Cookie: sessionid=; Path=/; Max-Age=0")},
            "gave no session cookie",
        ),
        (
            {("POST", LOGIN): response(302, "", "Set-Cookie: sessionid=x; Domain=evil.example")},
            "gave no session cookie",
        ),
        (
            {("POST", LOGIN): response(302, "", "Set-Cookie: sessionid=x; Path=/; Secure")},
            "to encrypted connections only: use https or wss",
        ),
    ],
)
async def test_why_a_login_fails(
    log_in: LogIn, pages: Mapping[tuple[str, str], bytes], sentence: str
) -> None:
    """And in nothing of it is the password."""
    async with serve(nothing, pages=pages) as server:
        with pytest.raises(LoginFailed, match=sentence) as caught:
            await log_in(server.url, "alice", SECRET)

    shown = "".join(traceback.format_exception(caught.value)) + repr(caught.value)
    assert SECRET not in shown


@pytest.mark.parametrize(
    ("username", "password", "what"),
    [("bad\udcff", SECRET, "user name"), ("alice", SECRET + "\udcff", "password")],
)
async def test_what_is_no_unicode_cannot_log_in(
    log_in: LogIn, username: str, password: str, what: str
) -> None:
    """No form can carry it, so nothing is asked of the server."""
    async with serve(nothing) as server:
        with pytest.raises(LoginFailed, match=f"the {what} is not valid Unicode") as caught:
            await log_in(server.url, username, password)

    assert server.requests == []
    assert caught.value.__context__ is None
    assert SECRET not in "".join(traceback.format_exception(caught.value))


async def test_no_redirect_is_followed(log_in: LogIn) -> None:
    """The session may go to the server that was asked for, and to no other."""
    async with serve(nothing) as elsewhere:
        page = response(
            302, "", f"Location: {elsewhere.origin}/", "Set-Cookie: sessionid=x; Path=/"
        )
        async with serve(nothing, pages={("POST", LOGIN): page}) as server:
            await log_in(server.url, "alice", "wonderland")

    assert elsewhere.requests == []


@pytest.mark.parametrize(
    ("page", "sentence"), [(b"", "disconnected"), (b"SSH-2.0-x\r\n\r\n", "illegal status line")]
)
async def test_what_does_not_speak_http(log_in: LogIn, page: bytes, sentence: str) -> None:
    async with serve(nothing, pages={("POST", LOGIN): page}) as server:
        with pytest.raises(ConnectionFailed, match=f"cannot reach .* to log in: .*{sentence}") as e:
            await log_in(server.url, "alice", SECRET)

    assert not isinstance(e.value, LoginFailed)
    assert SECRET not in "".join(traceback.format_exception(e.value))
    assert e.value.__context__ is None


async def test_nobody_listens(log_in: LogIn) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]

    with pytest.raises(ConnectionFailed, match="to log in: Connection refused"):
        await log_in(f"http://127.0.0.1:{port}", "alice", "wonderland")
