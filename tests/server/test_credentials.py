"""What a client shows: a key is no token and a token no key."""

import pytest

from multichat_server.credentials import InvalidAuthorization, bearer, bearer_token, token_secret


@pytest.mark.parametrize(
    ("headers", "secret"),
    [
        ([], None),
        (["Bearer mct_abc-_"], "mct_abc-_"),
        (["bearer  abc="], "abc="),
        ([" BEARER abc "], "abc"),
        (["Basic YWxpY2U6cHc="], None),
        (["", "abc", "Digest Bearer"], None),
    ],
    ids=["none", "usual", "small", "capitals", "proxy", "others"],
)
def test_a_header_names_a_token(headers: list[str], secret: str | None) -> None:
    assert bearer_token(headers) == secret


@pytest.mark.parametrize(
    "headers",
    [
        ["Bearer"],
        ["Bearer "],
        ["Bearer a b"],
        ["Bearer a,b"],
        ["Bearer é"],
        ["Bearer " + "x" * 501],
        ["Bearer a", "Bearer a"],
        ["Basic YWxpY2U6cHc=", "Bearer a"],
    ],
    ids=range(8),
)
def test_a_header_that_names_none_is_refused(headers: list[str]) -> None:
    """Whoever meant to be somebody must not go on as somebody else, or as nobody."""
    with pytest.raises(InvalidAuthorization):
        bearer_token(headers)


def test_a_credential_tells_them_apart() -> None:
    assert token_secret(bearer("mct_x")) == "mct_x"
    assert token_secret("mct_x") is None
    assert token_secret("") is None
