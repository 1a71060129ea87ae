"""
What all pages have in common: who is visiting, and which forms are refused.

A page is a function of a :class:`Visit`. Every request that could change something has passed
the CSRF check before a page sees it; no page can forget to ask for it.

Forms are read in UTF-8 alone. The parser would decode with whatever codec of Python's the client
names, and some of them fail in ways of their own or take long enough to hold up the chat.
"""

import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Final

from python_multipart.multipart import parse_options_header
from starlette.datastructures import FormData
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from multichat_proto.handshake import CSRF_FIELD, SESSION_COOKIE
from multichat_server.storage import Actor, Client, RightsChanged, User
from multichat_server.storage.names import parse_id
from multichat_server.web import csrf
from multichat_server.web.addresses import network_of, request_address
from multichat_server.web.rendering import render
from multichat_server.web.site import Site

__all__ = ["Page", "Visit", "delete_session_cookie"]

# It says of every broken form what is wrong with it: anybody could fill the log with that.
logging.getLogger("python_multipart").setLevel(logging.CRITICAL)

_SAFE_METHODS: Final = frozenset({"GET", "HEAD"})
_FORMS: Final = frozenset({b"application/x-www-form-urlencoded", b"multipart/form-data"})
# Our forms have ten fields at most.
_MOST_FIELDS: Final = 20


@dataclass(frozen=True, slots=True)
class Visit:
    """
    One request to a page.

    Attributes:
        site: What the page stands on.
        request: The request; its form was read before.
        form: The form's fields; empty if there is no form.
        session_key: What the session's cookie holds; ``None`` if there is none.
        user: Who is logged in; ``None`` if nobody is.

    """

    site: Site
    request: Request
    form: FormData
    session_key: str | None
    user: User | None

    def field(self, name: str) -> str | None:
        """Return a field of the form; ``None`` if it is missing or no text."""
        return _text(self.form, name)

    def query(self, name: str, default: str = "") -> str:
        """Return a value of the query; the last if there are several."""
        return self.request.query_params.get(name, default)

    def query_number(self, name: str, default: int) -> int:
        """Return a positive number of the query; the default if there is none that is one."""
        return parse_id(self.query(name)) or default

    def path_id(self, name: str) -> int:
        """
        Return the id that a part of the path is.

        Raises:
            HTTPException: 404: it is written in another way than ids are, or is none.

        """
        number = parse_id(self.request.path_params[name])
        if number is None:
            raise HTTPException(404)
        return number

    @property
    def known_user(self) -> User:
        """Who is logged in, on a page that only those see."""
        if self.user is None:
            raise HTTPException(403)
        return self.user

    @property
    def address(self) -> str:
        """From which address the request comes; empty if that is not known."""
        return request_address(self.request, trusted_proxies=self.site.settings.trusted_proxies)

    @property
    def client(self) -> Client:
        """Where a session is started from that is started by this request."""
        return Client(self.address, self.request.headers.get("user-agent", ""))

    @property
    def actor(self) -> Actor:
        """Who does what this request asks for, on a page for those who are logged in."""
        return Actor.of(self.known_user, self.address, credential=self.session_key)

    def set_cookie(self, response: Response, name: str, value: str, *, seconds: int) -> None:
        """Set one of our cookies: for the whole site, and not sent along from other sites."""
        response.set_cookie(
            name,
            value,
            max_age=seconds,
            expires=seconds,
            path="/",
            secure=self.site.settings.secure_cookies,
            # Scripts read the token to send it in a header; the session is none of theirs.
            httponly=name == SESSION_COOKIE,
            samesite="lax",
        )


class Page:
    """
    An ASGI application that answers one path with one function.

    Args:
        site: What the page stands on.
        show: Makes the answer; may be cancelled with the connection.
        methods: Which methods it knows. Others get 405, or 403 first if they could change
            something and carry no token.

    """

    def __init__(
        self,
        site: Site,
        show: Callable[[Visit], Awaitable[Response]],
        *,
        methods: Sequence[str] = ("GET", "HEAD", "POST"),
    ) -> None:
        self._site = site
        self._show = show
        self._methods = methods

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        request = Request(scope, receive, send)
        if request.method in _SAFE_METHODS:
            # What they ask for is in the query.
            response = await self._respond(request, FormData())
            await response(scope, receive, send)
            return
        if not _has_readable_form(request):
            raise HTTPException(415)
        async with request.form(max_files=0, max_fields=_MOST_FIELDS) as form:
            response = await self._respond(request, form)
        await response(scope, receive, send)

    async def _respond(self, request: Request, form: FormData) -> Response:
        if request.method not in _SAFE_METHODS and not csrf.is_from_our_page(
            request,
            _text(form, CSRF_FIELD),
            allowed_origins=self._site.settings.allowed_origins,
        ):
            return render("forbidden.html", status=403)
        if request.method not in self._methods:
            raise HTTPException(405, headers={"allow": ", ".join(self._methods)})

        try:
            return await self._visit(request, form)
        except RightsChanged:
            # The session or its rights ended on the way. Nothing was changed; it is answered as
            # one that comes after that.
            return await self._visit(request, form)

    async def _visit(self, request: Request, form: FormData) -> Response:
        key = request.cookies.get(SESSION_COOKIE)
        user = await self._site.store.session_user(key) if key else None
        visit = Visit(self._site, request, form, session_key=key, user=user)
        if key is not None and user is not None:
            self._site.sightings.note(key)
            self._site.throttle.at_home(user.username, network_of(visit.address))
        response = await self._show(visit)
        if key is not None and user is None and not _sets(response, SESSION_COOKIE):
            delete_session_cookie(visit, response)
        return response


def delete_session_cookie(visit: Visit, response: Response) -> None:
    """Have the browser forget the session's cookie."""
    visit.set_cookie(response, SESSION_COOKIE, "", seconds=0)


def _has_readable_form(request: Request) -> bool:
    """Tell whether a body is a form in UTF-8, if the request says that it has a body."""
    described = request.headers.get("content-type")
    if described is None:
        return True
    # The form's parser reads the header with the same function.
    kind, options = parse_options_header(described)
    return kind in _FORMS and options.get(b"charset", b"utf-8").lower() == b"utf-8"


def _sets(response: Response, cookie: str) -> bool:
    lines = response.headers.getlist("set-cookie")
    return any(line.startswith(f"{cookie}=") for line in lines)


def _text(form: FormData, name: str) -> str | None:
    value = form.get(name)
    return value if isinstance(value, str) else None
