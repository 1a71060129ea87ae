"""What the listener takes and refuses; it is the same one in all targets."""

from __future__ import annotations

import json
import socket
from http.client import HTTPConnection
from urllib.parse import urlsplit

import pytest

from tests.targets.target import RunningTarget


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "OPTIONS"])
def test_only_post_pulls_a_hook(reference: RunningTarget, method: str) -> None:
    connection = HTTPConnection(urlsplit(reference.ready["hooks"]).netloc, timeout=60)
    connection.request(method, "/make_staff", b'{"username": "alice"}')
    status = connection.getresponse().status
    connection.close()

    assert status == 501


@pytest.mark.parametrize("origin", ["http://127.0.0.1", "http://evil.example", "null"])
def test_a_page_pulls_no_hook(reference: RunningTarget, origin: str) -> None:
    """Whoever's it is: the cookie-less request of any page would do."""
    answer = reference.post("make_staff", b'{"username": "alice"}', {"Origin": origin})

    assert (answer.status, answer.text) == (403, "no page of a browser may pull a hook\n")


@pytest.mark.parametrize("hook", ["", "nope", "make_staff/", "__init__", "pull", "stop", "start"])
def test_an_unknown_hook_is_not_found(reference: RunningTarget, hook: str) -> None:
    answer = reference.post(hook, b"{}")

    assert (answer.status, answer.text) == (404, "there is no such hook here\n")


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[]", b'"x"', b"\xff", b"null", b"[" * 60_000, b'{"username": NaN']
)
def test_what_is_no_object_is_refused(reference: RunningTarget, body: bytes) -> None:
    answer = reference.post("make_staff", body)

    assert (answer.status, answer.text) == (400, "expected a JSON object\n")


@pytest.mark.parametrize(
    ("hook", "arguments", "sentence"),
    [
        ("make_staff", {}, "expected these arguments: username"),
        ("make_staff", {"username": "a", "x": 1}, "expected these arguments: username"),
        ("store_away", {"x": 1}, "expected these arguments: none"),
        ("make_staff", {"username": 1}, "expected a string as username"),
        ("make_staff", {"username": None}, "expected a string as username"),
        ("make_staff", {"username": "\ud800"}, "expected no lone surrogate in username"),
        (
            "announce",
            {"room": "1", "type": True, "text": "", "username": "a"},
            "expected an integer as type",
        ),
        ("delete_room", {"room": "01"}, "expected a decimal number as room"),
        ("delete_room", {"room": "-1"}, "expected a decimal number as room"),
        ("delete_room", {"room": "²"}, "expected a decimal number as room"),
        ("delete_room", {"room": "1" * 20}, "expected a decimal number as room"),
        ("delete_room", {"room": ""}, "expected a decimal number as room"),
    ],
)
def test_arguments_are_checked(
    reference: RunningTarget, hook: str, arguments: dict[str, object], sentence: str
) -> None:
    answer = reference.post(hook, json.dumps(arguments).encode())

    assert (answer.status, answer.text) == (400, sentence + "\n")


def test_a_long_body_is_refused(reference: RunningTarget) -> None:
    answer = reference.post("make_staff", b'{"username": "' + b"a" * 65_536 + b'"}')

    assert (answer.status, answer.text) == (413, "expected at most 65536 bytes\n")


def test_a_body_of_unknown_length_is_refused(reference: RunningTarget) -> None:
    """At once: nothing is read that might not end."""
    connection = HTTPConnection(urlsplit(reference.ready["hooks"]).netloc, timeout=60)
    connection.putrequest("POST", "/make_staff")
    connection.putheader("Transfer-Encoding", "chunked")
    connection.endheaders()
    answer = connection.getresponse()
    text = answer.read()
    connection.close()

    assert (answer.status, text) == (411, b"Content-Length is missing\n")


def test_who_sends_nothing_holds_nobody_up_for_long(reference: RunningTarget) -> None:
    """It is cut off, and the next one answered."""
    where = urlsplit(reference.ready["hooks"])
    with socket.create_connection((where.hostname, where.port), timeout=30) as silent:
        assert reference.pull("make_plain", username="alice") == {}
        assert silent.recv(1) == b""


def test_it_listens_on_the_loopback_alone(reference: RunningTarget) -> None:
    assert urlsplit(reference.ready["hooks"]).hostname == "127.0.0.1"
