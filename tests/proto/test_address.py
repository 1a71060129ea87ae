"""Every way to write a server's address, and what is none."""

import pytest

from multichat_proto import LocalProtocolError
from multichat_proto.address import Address


@pytest.mark.parametrize(
    ("text", "url", "origin"),
    [
        ("ws://h:8000/chat/stream/", "ws://h:8000/chat/stream/", "http://h:8000"),
        ("ws://h", "ws://h/chat/stream/", "http://h"),
        ("ws://h:80/", "ws://h/chat/stream/", "http://h"),
        ("wss://h:443", "wss://h/chat/stream/", "https://h"),
        ("wss://h:444/x?a=b", "wss://h:444/x?a=b", "https://h:444"),
        ("http://h:8000/", "ws://h:8000/chat/stream/", "http://h:8000"),
        ("https://h", "wss://h/chat/stream/", "https://h"),
        ("h:8000", "ws://h:8000/chat/stream/", "http://h:8000"),
        ("h", "ws://h/chat/stream/", "http://h"),
        ("HOST", "ws://host/chat/stream/", "http://host"),
        ("[::1]:8000", "ws://[::1]:8000/chat/stream/", "http://[::1]:8000"),
        ("h:8000/other/path", "ws://h:8000/other/path", "http://h:8000"),
        (
            "ws://bücher.example/ü",
            "ws://xn--bcher-kva.example/%C3%BC",
            "http://xn--bcher-kva.example",
        ),
    ],
)
def test_an_address(text: str, url: str, origin: str) -> None:
    address = Address.parse(text)

    assert str(address) == address.websocket_url == url
    assert address.origin == origin
    assert Address.parse(url) == address


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "names no host"),
        ("ws://", "names no host"),
        (":8000", "names no host"),
        ("ftp://h", "neither ws, wss, http nor https"),
        ("h:port", "no address"),
        ("h:99999", "out of range"),
        ("ws://alice:secret@h", "must not hold a user name or a password"),
        ("ws://h/#top", "fragment"),
        ("ws://h/ x", "no spaces"),
        ("ws://h\t", "no spaces"),
        ("ws://h\u0085x", "no spaces"),
        ("ws://[::1", "no address"),
        ("ws://" + "ü" * 70, "the host's name is invalid"),
    ],
)
def test_no_address(text: str, reason: str) -> None:
    with pytest.raises(LocalProtocolError, match=reason):
        Address.parse(text)


def test_a_refused_address_does_not_show_the_password_in_it() -> None:
    with pytest.raises(LocalProtocolError) as caught:
        Address.parse("ws://alice:secret@h")

    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "is_loopback"),
    [("localhost:1", True), ("127.9.9.9", True), ("[::1]", True), ("128.0.0.1", False)],
)
def test_what_stays_on_this_machine(text: str, is_loopback: bool) -> None:
    assert Address.parse(text).is_loopback is is_loopback
