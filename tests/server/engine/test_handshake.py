"""From an HTTP request to a connection of v1, or to a refusal."""

import h11
import pytest

from multichat_server.engine.handshake import Accepted, Refused, negotiate, refusal

KEY = "dGhlIHNhbXBsZSBub25jZQ=="


def request(
    target: str = "/chat/stream/",
    *,
    method: str = "GET",
    without: str = "",
    http_version: str = "1.1",
    **headers: str,
) -> h11.Request:
    chosen = {
        "Host": "chat.example:8000",
        "Upgrade": "websocket",
        "Connection": "Upgrade",
        "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": KEY,
    }
    chosen.update({name.replace("_", "-"): value for name, value in headers.items()})
    chosen.pop(without, None)
    return h11.Request(
        method=method, target=target, headers=list(chosen.items()), http_version=http_version
    )


def status(outcome: Accepted | Refused) -> int:
    return int(outcome.response.split(b" ", 2)[1])


def header(outcome: Accepted | Refused, name: str) -> str | None:
    for line in outcome.response.decode().split("\r\n")[1:]:
        key, _, value = line.partition(": ")
        if key.lower() == name.lower():
            return value
    return None


@pytest.mark.parametrize(
    "target",
    [
        "/chat/stream/",
        "/chat/stream",
        "/chat/stream/?x=1",
        "/chat/stream?session_key=abc",
        "http://chat.example:8000/chat/stream/?x=1",
    ],
)
def test_the_path_with_and_without_a_query(target: str) -> None:
    """MC1-HAND-01, MC1-HAND-02, MC1-HAND-04, MC1-AUTH-06."""
    outcome = negotiate(request(target))

    assert isinstance(outcome, Accepted)
    assert status(outcome) == 101
    assert header(outcome, "Sec-WebSocket-Accept") == "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="
    assert outcome.credential is None


@pytest.mark.parametrize(
    "target", ["/", "/chat/streamfoo", "/chat/stream/x", "/chat//stream/", "/CHAT/stream/", "*"]
)
def test_other_paths_are_not_found(target: str) -> None:
    """MC1-HAND-03."""
    outcome = negotiate(request(target))

    assert isinstance(outcome, Refused)
    assert outcome.status == status(outcome) == 404


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({"without": "Upgrade"}, 426),
        ({"without": "Connection"}, 426),
        ({"Upgrade": "h2c"}, 426),
        ({"Sec_WebSocket_Version": "99"}, 426),
        ({"without": "Sec-WebSocket-Version"}, 400),
        ({"without": "Sec-WebSocket-Key"}, 400),
        ({"Sec_WebSocket_Key": "AAAA"}, 400),
        ({"method": "POST"}, 405),
        ({"http_version": "1.0"}, 505),
    ],
)
def test_what_is_no_handshake_is_refused(changed: dict[str, str], expected: int) -> None:
    """MC1-HAND-05."""
    outcome = negotiate(request(**changed))

    assert status(outcome) == expected
    assert (header(outcome, "Upgrade") == "websocket") == (expected == 426)
    assert header(outcome, "Connection") == "close"


def test_another_version_is_told_which_one_is_spoken() -> None:
    """RFC 6455 §4.4."""
    outcome = negotiate(request(Sec_WebSocket_Version="8"))

    assert header(outcome, "Sec-WebSocket-Version") == "13"


@pytest.mark.parametrize(
    ("offered", "selected"),
    [
        (None, None),
        ("foo", None),
        ("multichat.v1", "multichat.v1"),
        ("foo, multichat.v1", "multichat.v1"),
        ("multichat.v10", None),
    ],
)
def test_the_subprotocol_is_ours_or_none(offered: str | None, selected: str | None) -> None:
    """MC1-HAND-08, MC1-HAND-09, MC1-HAND-10."""
    headers = {} if offered is None else {"Sec_WebSocket_Protocol": offered}

    outcome = negotiate(request(**headers))

    assert isinstance(outcome, Accepted)
    assert header(outcome, "Sec-WebSocket-Protocol") == selected


@pytest.mark.parametrize(
    ("origin", "host"),
    [
        ("http://chat.example:8000", "chat.example:8000"),
        ("http://CHAT.example:8000", "chat.EXAMPLE:8000"),
        ("http://chat.example", "chat.example"),
        ("http://chat.example", "chat.example:80"),
        ("https://chat.example", "chat.example"),
        ("https://chat.example", "chat.example:443"),
        ("http://[::1]:8000", "[::1]:8000"),
        ("https://other.example", "chat.example"),
        ("https://other.example:443", "chat.example"),
    ],
)
def test_ones_own_origin_and_allowed_ones_are_served(origin: str, host: str) -> None:
    """MC1-HAND-12; the last two are allowed by the operator."""
    outcome = negotiate(
        request(Host=host, Origin=origin), allowed_origins=("https://other.example",)
    )

    assert isinstance(outcome, Accepted)


@pytest.mark.parametrize(
    "origin",
    [
        "http://evil.example",
        "http://chat.example:8000.evil.example",
        "http://chat.example:80001",
        "http://chat.example",
        "https://chat.example",
        "http://chat.example:8000/",
        "http://user@chat.example:8000",
        "ftp://chat.example:8000",
        "null",
        "file://",
        "",
        "http://",
        "http://[::1",
        "chat.example:8000",
    ],
)
def test_other_origins_are_refused(origin: str) -> None:
    """MC1-HAND-11."""
    outcome = negotiate(request(Origin=origin), allowed_origins=("https://other.example",))

    assert status(outcome) == 403


def test_two_origins_are_none() -> None:
    own = request(Origin="http://chat.example:8000")
    twice = h11.Request(
        method="GET",
        target="/chat/stream/",
        headers=[*own.headers, (b"Origin", b"http://chat.example:8000")],
    )

    assert isinstance(negotiate(own), Accepted)
    assert status(negotiate(twice)) == 403


@pytest.mark.parametrize(
    ("cookie", "session"),
    [
        ("sessionid=abc", "abc"),
        ("csrftoken=x; sessionid=abc; other=y", "abc"),
        ("a=b;sessionid=abc", "abc"),
        ("sessionid=first; sessionid=last", "last"),
        ('sessionid="abc"', "abc"),
        ("sessionid=", None),
        ("sessionid", None),
        ("xsessionid=abc", None),
        ("SESSIONID=abc", None),
        ("garbage; =;;==", None),
        ("csrftoken=abc", None),
        # What a token is as a credential: RFC 6265 has no spaces in a cookie's value.
        ("sessionid=Bearer mct_abc", None),
        ('sessionid="Bearer mct_abc"', None),
    ],
)
def test_the_session_is_named_by_its_cookie(cookie: str, session: str | None) -> None:
    """MC1-AUTH-01; odd cookies are those of the recordings."""
    outcome = negotiate(request(Cookie=cookie))

    assert isinstance(outcome, Accepted)
    assert outcome.credential == session


def test_a_token_is_shown_and_no_cookie_counts_beside_it() -> None:
    outcome = negotiate(request(Authorization="Bearer mct_abc", Cookie="sessionid=abc"))

    assert isinstance(outcome, Accepted)
    assert (outcome.credential, outcome.shows_token) == ("Bearer mct_abc", True)


def test_what_a_proxy_asked_for_is_not_ours() -> None:
    outcome = negotiate(request(Authorization="Basic YWxpY2U6cHc=", Cookie="sessionid=abc"))

    assert isinstance(outcome, Accepted)
    assert (outcome.credential, outcome.shows_token) == ("abc", False)


def test_a_token_that_cannot_be_read_is_refused() -> None:
    outcome = negotiate(request(Authorization="Bearer a b"))

    assert status(outcome) == 401
    assert b"\r\nWWW-Authenticate: Bearer\r\n" in outcome.response


def test_odd_bytes_in_headers_raise_nothing() -> None:
    odd = h11.Request(
        method="GET",
        target="/chat/stream/",
        headers=[*request().headers, (b"Cookie", b"sessionid=\xff\xfe"), (b"Origin", b"\xff")],
    )

    assert status(negotiate(odd)) == 403


@pytest.mark.parametrize("character", ["\x01", "\x1b", "\x7f"])
@pytest.mark.parametrize("name", ["X", "Cookie", "Origin", "Sec-WebSocket-Protocol"])
def test_control_characters_in_headers_are_refused(name: str, character: str) -> None:
    """h11 lets them pass, websockets does not; MC1-HAND-05."""
    good = request()
    odd = h11.Request(
        method=good.method,
        target=good.target,
        headers=[*good.headers.raw_items(), (name.encode(), f"a{character}b".encode())],
    )

    assert status(negotiate(odd)) == 400


def test_a_refusal_of_the_servers_own() -> None:
    refused = refusal(503, "The server stops.")  # type: ignore[arg-type]  # a plain number does

    assert status(refused) == 503
    assert refused.response.endswith(b"\r\n\r\nThe server stops.\n")
