"""Handshakes by hand: the request is what a story wants, and wrong responses are told apart."""

import pytest

from multichat_conformance.actors.handshake import (
    Handshake,
    accept_of,
    request_bytes,
    response_of,
)
from multichat_conformance.target import Target
from multichat_conformance.target.address import address, own_origin, resource_of

TARGET = Target(url="ws://chat.example:8000/chat/stream/?a=1")
KEY = "dGhlIHNhbXBsZSBub25jZQ=="
ACCEPT = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="
"""Both from RFC 6455, section 1.3."""

RIGHT = {"upgrade": "websocket", "connection": "Upgrade", "sec-websocket-accept": ACCEPT}


def lines(request: bytes) -> list[str]:
    assert request.endswith(b"\r\n\r\n")
    return request.decode("latin-1").split("\r\n")[:-2]


def test_a_request_is_a_handshake() -> None:
    first, *headers = lines(request_bytes(TARGET))

    assert first == "GET /chat/stream/?a=1 HTTP/1.1"
    assert "Host: chat.example:8000" in headers
    assert "Upgrade: websocket" in headers
    assert "Connection: Upgrade" in headers
    assert "Sec-WebSocket-Version: 13" in headers


def test_a_header_takes_the_place_of_the_usual_one() -> None:
    request = request_bytes(TARGET, headers=[("upgrade", "h2c"), ("X-Two", "1"), ("X-Two", "2")])

    upgrades = [line for line in lines(request) if line.lower().startswith("upgrade")]
    assert upgrades == ["upgrade: h2c"]
    assert lines(request)[-2:] == ["X-Two: 1", "X-Two: 2"]


def test_what_is_left_out_is_missing() -> None:
    request = request_bytes(TARGET, without=["SEC-WEBSOCKET-KEY"], method="POST")

    assert b"Sec-WebSocket-Key" not in request
    assert request.startswith(b"POST ")


def test_the_version_of_http_may_be_another() -> None:
    assert lines(request_bytes(TARGET, version="HTTP/1.0"))[0].endswith(" HTTP/1.0")


@pytest.mark.parametrize(
    ("url", "parts"),
    [
        ("ws://a/", ("a", 80, False)),
        ("wss://a/", ("a", 443, True)),
        ("ws://[::1]:9/", ("::1", 9, False)),
    ],
)
def test_an_address_has_the_usual_port(url: str, parts: tuple[str, int, bool]) -> None:
    assert address(Target(url=url)) == parts


def test_the_own_origin_is_that_of_the_url_or_the_stated_one() -> None:
    assert own_origin(TARGET) == "http://chat.example:8000"
    assert own_origin(Target(url="wss://chat.example/x")) == "https://chat.example"
    assert own_origin(Target(url="ws://a/", origin="https://b")) == "https://b"


def test_the_resource_is_path_and_query() -> None:
    assert resource_of(TARGET) == "/chat/stream/?a=1"
    assert resource_of(Target(url="ws://a")) == "/"


def test_a_response_is_read() -> None:
    response = response_of(
        b"HTTP/1.1 101 Switching\r\nUpgrade: websocket\r\nX-Two:1\r\nx-two: 2\r\n\r\nrest"
    )

    assert response.status == 101
    assert response.headers == {"upgrade": "websocket", "x-two": "1, 2"}
    assert response.rest == b"rest"


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x00\xff" * 20,
        b"HTTP/1.1",
        b"HTTP/1.1 abc\r\n\r\n",
        b"HTTP/1.1 1\r\n\r\n",
        b"HTTP/2 200\r\n\r\n",
        "HTTP/1.1 ١٠١\r\n\r\n".encode(),
        b"SSH-2.0-x\r\n\r\n",
    ],
)
def test_what_is_no_http_is_no_response(data: bytes) -> None:
    response = response_of(data)

    assert response.status is None
    assert "no response" in str(response)


def test_the_proof_is_that_of_the_rfc() -> None:
    assert accept_of(KEY) == ACCEPT


def request(*headers: tuple[str, str]) -> bytes:
    return request_bytes(TARGET, headers=[("Sec-WebSocket-Key", KEY), *headers])


@pytest.mark.parametrize(
    "headers",
    [
        RIGHT,
        {**RIGHT, "upgrade": "WebSocket", "connection": "keep-alive, upgrade"},
        {**RIGHT, "sec-websocket-protocol": "anything"},
    ],
)
def test_a_right_response_has_no_fault(headers: dict[str, str]) -> None:
    assert Handshake(101, headers).fault(request()) is None


@pytest.mark.parametrize("name", RIGHT)
def test_each_header_must_be_there(name: str) -> None:
    headers = {other: value for other, value in RIGHT.items() if other != name}

    fault = Handshake(101, headers).fault(request())

    assert fault is not None
    assert name in fault.lower()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("upgrade", "h2c"),
        ("connection", "close"),
        ("connection", "upgraded"),
        ("sec-websocket-accept", accept_of("another key")),
        ("sec-websocket-accept", f"{ACCEPT}, {ACCEPT}"),
        ("sec-websocket-extensions", "permessage-deflate"),
    ],
)
def test_each_header_must_be_right(name: str, value: str) -> None:
    assert Handshake(101, {**RIGHT, name: value}).fault(request()) is not None


def test_an_extension_may_be_one_that_was_offered() -> None:
    headers = {**RIGHT, "sec-websocket-extensions": "permessage-deflate; client_max_window_bits"}
    offer = ("Sec-WebSocket-Extensions", "foo, permessage-deflate; server_no_context_takeover")

    assert Handshake(101, headers).fault(request(offer)) is None
