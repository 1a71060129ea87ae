"""
Sessions: how the accounts of a target get one, and how one is ended.

A session is logged in once a run and shared by all stories of its account; a story that ends a
session logs in anew for that.
"""

from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from html.parser import HTMLParser
from http.cookies import CookieError, SimpleCookie
from urllib.parse import urlencode

from multichat_conformance.findings import NotTested
from multichat_conformance.secrets import Redactor
from multichat_conformance.target.address import own_origin
from multichat_conformance.target.model import Account, Target
from multichat_conformance.target.web import Response, WebError, request

__all__ = ["LoginFailed", "Session", "Sessions"]

_CSRF_FIELD = "csrfmiddlewaretoken"
_CSRF_COOKIE = "csrftoken"
_REDIRECTS = (302, 303)


class LoginFailed(NotTested):
    """An account cannot log in; the text says what was tried and what to look at."""


@dataclass(frozen=True, slots=True)
class Session:
    """
    What a handshake carries to be somebody's.

    Attributes:
        headers: The headers, the cookies among them.
        key: What names the session: the session cookie's value, or the last word of the first
            header that an account gives; empty if there is none.

    """

    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    key: str = field(default="", repr=False)

    def altered(self, key: str) -> "Session":
        """
        Return a session that is alike but for its key: nobody's, if the key is nobody's.

        Raises:
            NotTested: This one has no key.

        """
        if not self.key:
            raise NotTested("needs a session; add [login] and [[accounts]] to the target file")
        headers = {name: value.replace(self.key, key) for name, value in self.headers.items()}
        return Session(headers, key)


class Sessions:
    """
    The sessions of a run.

    Args:
        target: Where to log in.
        redactor: Is told every secret that is used or given.
        patience: Seconds that a step of a login may take.

    """

    def __init__(self, target: Target, redactor: Redactor, *, patience: float) -> None:
        self._target = target
        self._redactor = redactor
        self._patience = patience
        self._kept: dict[str, Session] = {}
        for account in target.accounts:
            redactor.hide(account.password, *_secrets_in(account.headers))

    def reach(self, target: Target) -> None:
        """Take note of where the target is, now that it runs."""
        self._target = target

    def forget(self, username: str | None = None) -> None:
        """Log in anew the next time: everybody, or one user."""
        if username is None:
            self._kept.clear()
        else:
            self._kept.pop(username, None)

    async def of(self, account: Account) -> Session:
        """
        Return the account's session of this run, logging in if need be.

        Raises:
            LoginFailed: It cannot log in.

        """
        if account.username not in self._kept:
            self._kept[account.username] = await self.fresh(account)
        return self._kept[account.username]

    async def fresh(self, account: Account) -> Session:
        """
        Return a session that nobody else uses, where the recipe can make one.

        Raises:
            LoginFailed: It cannot log in.

        """
        login = self._target.login
        if login.recipe == "none":
            return Session()
        if login.recipe in ("header", "cookie"):
            if not account.headers:
                raise LoginFailed(
                    f"the account {account.username} has no {login.recipe} in the target file: add "
                    f"{login.recipe} or {login.recipe}_env"
                )
            return self._kept_secret(Session(account.headers, self._key(account.headers)))
        if account.password is None:
            raise LoginFailed(
                f"the account {account.username} has no password in the target file: add "
                "password or password_env"
            )
        return await self._by_form(account)

    async def log_out(self, session: Session) -> None:
        """
        End a session by the target's logout path.

        Raises:
            NotTested: The target does not do it.

        """
        where = own_origin(self._target) + self._target.login.logout_path
        token = _cookies_of(session).get(_CSRF_COOKIE, "")
        response = await self._send("POST", where, session.headers, {_CSRF_FIELD: token})
        if response.status in (403, 404, 405):
            response = await self._send("GET", where, session.headers)
        if response.status not in (200, 204, 302, 303):
            raise NotTested(f"{where} answers {response.status}: check login.logout_path")

    def _key(self, headers: Mapping[str, str]) -> str:
        cookie = _cookies_of(Session(headers)).get(self._target.login.session_cookie, "")
        words = next(iter(headers.values()), "").split()
        return cookie or (words[-1] if words else "")

    def _kept_secret(self, session: Session) -> Session:
        # Stories put the key alone into frames and addresses, too.
        self._redactor.hide(session.key)
        return session

    async def _by_form(self, account: Account) -> Session:
        where = own_origin(self._target) + self._target.login.path
        page = await self._send("GET", where, {})
        if page.status != 200:
            raise LoginFailed(f"{where} answers {page.status}, not a login form: check login.path")
        cookies = _set_cookies(page)
        hidden = _hidden_fields(page.text)
        fields = hidden | {"username": account.username, "password": account.password or ""}
        self._redactor.hide(hidden.get(_CSRF_FIELD), *cookies.values())
        response = await self._send("POST", where, {"Cookie": _joined(cookies)}, fields)
        given = _set_cookies(response)
        cookies |= given
        self._redactor.hide(*cookies.values())
        name = self._target.login.session_cookie
        # Somebody who is not logged in may have a session, too: with the form's page came one.
        if name not in given and (response.status not in _REDIRECTS or name not in cookies):
            if not _is_a_login_form(page.text):
                raise LoginFailed(
                    f"{where} shows no form with a field 'password': check login.path; or, if the "
                    "server logs in otherwise, take login.recipe header or cookie"
                )
            raise LoginFailed(
                f"{account.username} cannot log in at {where}: it answers {response.status} and "
                f"sets no cookie {name!r}; " + _what_to_check(response.status)
            )
        return self._kept_secret(Session({"Cookie": _joined(cookies)}, cookies[name]))

    async def _send(
        self,
        method: str,
        where: str,
        headers: Mapping[str, str],
        fields: Mapping[str, str] | None = None,
    ) -> Response:
        sent = dict(headers) | {"Referer": where, "Origin": own_origin(self._target)}
        body = None
        if fields is not None:
            sent["Content-Type"] = "application/x-www-form-urlencoded"
            body = urlencode(fields).encode()
        try:
            return await request(
                method,
                where,
                headers=sent,
                body=body,
                patience=self._patience,
                ca_file=self._target.ca_file,
            )
        except WebError as exc:
            raise LoginFailed(
                f"nobody can log in: {exc}; start the target, or check its url and login.path"
            ) from exc


def _what_to_check(status: int) -> str:
    if status == 403:
        return "it refuses the form itself, so check its CSRF token, and origin in the target file"
    if status == 404 or status >= 500:
        return "look into the server's log"
    return "check the account's password, and login.session_cookie, in the target file"


def _hidden_fields(page: str) -> dict[str, str]:
    return _fields(page).hidden


def _is_a_login_form(page: str) -> bool:
    return "password" in _fields(page).names


def _fields(page: str) -> "_Form":
    form = _Form()
    # The parser gives up on some declarations that no page should have.
    with suppress(AssertionError):
        form.feed(page)
    return form


class _Form(HTMLParser):
    """Collects the fields of a page: the names of all, and the values of the hidden ones."""

    def __init__(self) -> None:
        super().__init__()
        self.hidden: dict[str, str] = {}
        self.names: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        name = given.get("name")
        if tag == "input" and name:
            self.names.add(name)
            if given.get("type") == "hidden":
                self.hidden[name] = given.get("value") or ""


def _set_cookies(response: Response) -> dict[str, str]:
    found = {}
    for line in response.headers.get_all("Set-Cookie", []):
        cookie: SimpleCookie = SimpleCookie()
        try:
            cookie.load(line)
        except CookieError:
            continue
        # An empty value takes a cookie away.
        found.update({name: morsel.value for name, morsel in cookie.items() if morsel.value})
    return found


def _secrets_in(headers: Mapping[str, str]) -> Iterator[str]:
    """Yield the values of headers, and what in them is secret by itself: cookies, tokens."""
    for name, value in headers.items():
        yield value
        if name.lower() == "cookie":
            yield from (pair.strip().partition("=")[2] for pair in value.split(";"))
        else:
            yield from value.split()[1:]


def _cookies_of(session: Session) -> dict[str, str]:
    pairs = (pair.strip().partition("=") for pair in session.headers.get("Cookie", "").split(";"))
    return {name: value for name, _, value in pairs if name}


def _joined(cookies: Mapping[str, str]) -> str:
    return "; ".join(f"{name}={value}" for name, value in cookies.items())
