"""Who one is, and that no secret is shown."""

from __future__ import annotations

from typing import Any, cast

import pytest

from multichat_proto.address import Address
from multichat_proto.credentials import (
    Authorization,
    Cookies,
    Credentials,
    Password,
    credentials_of,
)
from multichat_proto.exceptions import LocalProtocolError
from multichat_proto.transport import OpenRequest

SECRET = "s3cr3t"


@pytest.mark.parametrize(
    "credentials",
    [Password("alice", SECRET), Cookies({"sessionid": SECRET}, "alice"), Authorization(SECRET)],
    ids=["password", "cookies", "authorization"],
)
def test_no_secret_is_shown(credentials: Credentials) -> None:
    assert SECRET not in repr(credentials)
    assert credentials_of(credentials) is credentials


@pytest.mark.parametrize(
    "given",
    [
        SECRET,
        (SECRET,),
        ("alice", SECRET, SECRET),
        ("alice", None),
        (5, SECRET),
        {"alice": SECRET},
        Cookies({SECRET: cast("str", 5)}),
        Authorization(cast("str", SECRET.encode())),
        5,
    ],
    ids=["name", "one", "three", "no-password", "number", "dict", "cookie", "bytes", "int"],
)
def test_what_says_nobody(given: Any) -> None:
    """Told at once, and without a word of it: it may hold a password."""
    with pytest.raises(LocalProtocolError, match="credentials must be a pair") as caught:
        credentials_of(given)

    assert SECRET not in str(caught.value)


def test_a_pair_is_a_name_and_a_password() -> None:
    assert credentials_of(("alice", SECRET)) == Password("alice", SECRET)
    assert credentials_of(None) is None


def test_a_name_is_kept_as_servers_compare_it() -> None:
    """Django and all others compare names in NFKC."""
    assert Password("ａｌｉｃｅ", SECRET).username == "alice"


def test_a_request_shows_no_secret() -> None:
    request = OpenRequest(
        address=Address.parse("localhost:1"),
        headers={"Cookie": SECRET},
        origin=None,
        subprotocols=(),
        ssl_context=None,
        proxy=f"http://me:{SECRET}@proxy",
        max_frame_bytes=1,
        close_timeout=1,
    )

    assert SECRET not in repr(request)
