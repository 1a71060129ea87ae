"""Who one is to the server: a name and a password, a cookie, or a header."""

import dataclasses
import unicodedata
from collections.abc import Mapping

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
    """Return credentials; a pair is a name and a password, ``None`` is nobody."""
    return Password(*given) if isinstance(given, tuple) else given


def cookie_header(cookies: Mapping[str, str]) -> str:
    """Return the value of a ``Cookie`` header for these cookies."""
    return "; ".join(f"{name}={value}" for name, value in cookies.items())
