"""What a handshake says of oneself, and what none may say."""

import ssl
from typing import Any

import pytest

from multichat_proto import (
    Authorization,
    Cookies,
    Credentials,
    LocalProtocolError,
    LoginFailed,
    Options,
    Password,
)
from multichat_proto.address import Address
from multichat_proto.opening import Opening
from multichat_proto.transport import OWN_ORIGIN


def opening(url: str | Address = "wss://chat.example:444", **said: Any) -> Opening:
    arguments: dict[str, Any] = {
        "credentials": None,
        "username": None,
        "headers": None,
        "origin": OWN_ORIGIN,
        "subprotocols": ("multichat.v1",),
        "ssl_context": None,
        "proxy": None,
        "options": Options(),
    }
    return Opening(url, **{**arguments, **said})


def test_what_is_said_where_nothing_is_asked_for() -> None:
    request = opening().request({})

    assert request.address == Address.parse("wss://chat.example:444/chat/stream/")
    assert request.headers == {}
    assert request.origin == "https://chat.example:444"
    assert request.subprotocols == ("multichat.v1",)
    assert (request.ssl_context, request.proxy) == (None, None)
    assert (request.max_frame_bytes, request.close_timeout) == (1_048_576, 2.0)


def test_an_address_that_was_read_already() -> None:
    address = Address.parse("chat.example")

    assert opening(address).address is address


@pytest.mark.parametrize(
    ("credentials", "headers", "username", "has_login"),
    [
        (None, {}, "given", False),
        (("alice", "secret"), {}, "alice", True),
        (Password("ａｌｉｃｅ", "secret"), {}, "alice", True),
        (Cookies({"sessionid": "a", "x": "b"}), {"Cookie": "sessionid=a; x=b"}, "given", True),
        (Cookies({"sessionid": "a"}, "bob"), {"Cookie": "sessionid=a"}, "bob", True),
        (Authorization("Bearer t"), {"Authorization": "Bearer t"}, "given", True),
        (Authorization("Bearer t", "bob"), {"Authorization": "Bearer t"}, "bob", True),
    ],
    ids=["nobody", "pair", "password", "cookies", "named-cookies", "header", "named-header"],
)
def test_who_one_is(
    credentials: Credentials | None, headers: dict[str, str], username: str, has_login: bool
) -> None:
    """The credentials say one's name; where they do not, it is the one that was given."""
    made = opening(credentials=credentials, username="given")

    assert made.request({}).headers == headers
    assert (made.username, made.has_login) == (username, has_login)
    assert (made.password is not None) == isinstance(credentials, Password | tuple)


def test_cookies_of_all_sides_go_in_one_header() -> None:
    made = opening(
        credentials=Cookies({"sessionid": "old", "theme": "dark"}), headers={"cookie": "lang=en"}
    )

    assert made.request({"sessionid": "new"}).headers == {
        "Cookie": "lang=en; sessionid=new; theme=dark"
    }
    assert made.request({}).headers == {"Cookie": "lang=en; sessionid=old; theme=dark"}


@pytest.mark.parametrize(
    ("said", "origin"),
    [
        ({"origin": None}, None),
        ({"origin": "http://x"}, "http://x"),
        ({"headers": {"ORIGIN": "http://y"}}, "http://y"),
        ({"origin": None, "headers": {"origin": "http://y"}}, "http://y"),
    ],
    ids=["none", "given", "as-a-header", "both"],
)
def test_where_one_comes_from(said: dict[str, Any], origin: str | None) -> None:
    request = opening(**said).request({})

    assert request.origin == origin
    assert request.headers == {}


@pytest.mark.parametrize(
    ("said", "sentence"),
    [
        ({"headers": {"X": "a\r\nY: b"}}, "the header 'X' holds a character"),
        ({"headers": {"X": "é"}}, "the header 'X' holds a character"),
        ({"headers": {"X:": "a"}}, "the header 'X:' holds a character"),
        ({"headers": {"": "a"}}, "the header '' holds a character"),
        ({"headers": {"X-A": "a", "x-a": "b"}}, "the header 'x-a' is given twice"),
        ({"headers": {"Sec-WebSocket-Key": "a"}}, "is the handshake's own"),
        ({"headers": {"connection": "close"}}, "is the handshake's own"),
        ({"credentials": Authorization("a\nb")}, "the header 'Authorization' holds"),
        ({"credentials": Cookies({"a": "b; c=d"})}, "a cookie holds a character"),
        ({"credentials": Cookies({"a b": "c"})}, "a cookie holds a character"),
        ({"origin": "http://x\r\n"}, "the origin holds a character"),
        ({"headers": {"Origin": "http://é"}}, "the header 'Origin' holds"),
        ({"subprotocols": "multichat.v1"}, "no sequence of names"),
        ({"subprotocols": ["a, b"]}, "no sequence of names"),
        ({"url": "ftp://x"}, "no address of a chat server"),
    ],
    ids=[
        "smuggled-header", "no-ascii", "no-name", "no-name-at-all", "twice", "key", "connection",
        "authorization", "cookie-value", "cookie-name", "origin", "origin-header", "one-string",
        "two-in-one", "url",
    ],
)  # fmt: skip
def test_what_cannot_be_said(said: dict[str, Any], sentence: str) -> None:
    with pytest.raises(LocalProtocolError, match=sentence):
        opening(**said)


def test_one_that_is_given_goes_before_the_credentials_own() -> None:
    made = opening(credentials=Authorization("Bearer a"), headers={"Authorization": "Bearer b"})

    assert made.request({}).headers == {"Authorization": "Bearer b"}


@pytest.mark.parametrize("value", ["a;b", "a\r\nX: y", "é"], ids=["two", "header", "no-ascii"])
def test_a_login_that_gives_what_cannot_be_sent_back(value: str) -> None:
    with pytest.raises(LoginFailed, match="the login gave a cookie"):
        opening(credentials=("alice", "secret")).request({"sessionid": value})


def test_the_context_is_also_for_the_login() -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    made = opening(ssl_context=context)

    assert made.ssl_context is made.request({}).ssl_context is context
