"""Who one is to the server: a name and a password, a cookie, or a header."""

import dataclasses
import unicodedata
from collections.abc import Mapping

from multichat_proto.exceptions import LocalProtocolError

__all__ = ["Authorization", "Cookies", "Credentials", "Password", "cookie_header", "credentials_of"]


@dataclasses.dataclass(frozen=True, slots=True)
class Password:
    """
    An account, for the server's login form; used again when a session has ended.

    Attributes:
        username: The name; kept in the form in which servers compare names (NFKC).
        password: Shown in no error, no log and no ``repr``.

    """

    username: str
    password: str = dataclasses.field(repr=False)

    def __post_init__(self) -> None:
        if isinstance(self.username, str):  # if not, that is told where it is used
            object.__setattr__(self, "username", unicodedata.normalize("NFKC", self.username))


@dataclasses.dataclass(frozen=True, slots=True)
class Cookies:
    """
    A session that exists already, as the cookies that name it.

    Attributes:
        cookies: Name and value of each, such as ``{"sessionid": "…"}``.
        username: Whose session it is; ``None`` if that is not known.

    """

    cookies: Mapping[str, str] = dataclasses.field(repr=False)
    username: str | None = None


@dataclasses.dataclass(frozen=True, slots=True)
class Authorization:
    """
    The value of an ``Authorization`` header.

    Attributes:
        value: Such as ``Bearer …``.
        username: Whose it is; ``None`` if that is not known.

    """

    value: str = dataclasses.field(repr=False)
    username: str | None = None


Credentials = Password | Cookies | Authorization
"""Any way to say who one is."""


def credentials_of(given: Credentials | tuple[str, str] | None) -> Credentials | None:
    """
    Return credentials; a pair is a name and a password, ``None`` is nobody.

    Raises:
        LocalProtocolError: These are none. The sentence does not repeat them: they may hold a
            password.

    """
    if isinstance(given, tuple) and len(given) == 2:
        given = Password(*given)
    if isinstance(given, Password):
        texts: tuple[object, ...] = (given.username, given.password)
    elif isinstance(given, Cookies):
        texts = (*given.cookies.keys(), *given.cookies.values())
    else:
        texts = (given.value,) if isinstance(given, Authorization) else ()
    is_one = given is None or isinstance(given, Credentials)
    if not is_one or not all(isinstance(text, str) for text in texts):
        raise LocalProtocolError(
            "credentials must be a pair of name and password, a Password, Cookies or an "
            "Authorization, all of them of strings"
        )
    return given


def cookie_header(cookies: Mapping[str, str]) -> str:
    """Return the value of a ``Cookie`` header for these cookies."""
    return "; ".join(f"{name}={value}" for name, value in cookies.items())
