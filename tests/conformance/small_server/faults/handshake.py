"""Faults of the handshake: path, upgrade, subprotocol, origin, session (section 2)."""

# ruff: noqa: ARG002  a fault need not look at all that its rule looks at

import urllib.parse

import trio

from tests.conformance.small_server.connection import Connection
from tests.conformance.small_server.faults.fault import fault
from tests.conformance.small_server.handshake import (
    SUBPROTOCOL,
    Accepted,
    Handshake,
    Request,
    Response,
)
from tests.conformance.small_server.requests import Requests, Unreadable
from tests.conformance.small_server.server import Server
from tests.conformance.small_server.store import Session, Store


@fault("HAND-01")
class RefusesEveryHandshake(Handshake):
    """Every handshake is answered with 503."""

    def judge(self, request: Request) -> Accepted | Response:
        return Response(503, "Come back later.")


@fault("HAND-01")
class HeadersAsThisOneWritesThem(Handshake):
    """The headers of a handshake must be written just as the server's own client writes them."""

    def check_upgrade(self, request: Request) -> Response | None:
        own = (request.headers.get("upgrade"), request.headers.get("connection"))
        if own != ("websocket", "Upgrade"):
            return Response(400, "Bad.")
        return super().check_upgrade(request)


@fault("HAND-01")
class HandshakeInOnePiece(Requests):
    """A handshake that comes in several pieces is refused."""

    async def more(self, stream: trio.SocketStream, received: int, *, has_head: bool) -> bytes:
        if received and not has_head:
            raise Unreadable(Response(400, "Bad."))
        return await super().more(stream, received, has_head=has_head)


@fault("HAND-01", "HAND-07")
class SmallHandshakesOnly(Requests):
    """A handshake may have no more than 1,000 bytes, which is less than the stated limit."""

    def largest_head(self) -> int:
        return 1_000


@fault("HAND-02")
class NoPathWithoutSlash(Handshake):
    """The path without the slash at its end is not served."""

    def is_ours(self, path: str) -> bool:
        return path == "/chat/stream/"


@fault("HAND-03", rows=(43,))
class AnyPath(Handshake):
    """A handshake is accepted on any path."""

    def is_ours(self, path: str) -> bool:
        return not path.startswith("/accounts/")


@fault("HAND-03", rows=(43,))
class AnyPathBelow(Handshake):
    """A handshake is accepted on any path that begins like the right one."""

    def is_ours(self, path: str) -> bool:
        return path.startswith("/chat/stream")


@fault("HAND-03", rows=(43,))
class PathInAnyCase(Handshake):
    """The path is compared without regard to case."""

    def is_ours(self, path: str) -> bool:
        return super().is_ours(path.lower())


@fault("HAND-03")
class WrongPathIsForbidden(Handshake):
    """A handshake on another path gets 403, as if there were something."""

    def is_ours(self, path: str) -> bool:
        return not path.startswith("/accounts/")

    def judge(self, request: Request) -> Accepted | Response:
        if not super().is_ours(request.path):
            return Response(403, "Not here.")
        return super().judge(request)


@fault("HAND-04")
class QueryIsPartOfThePath(Handshake):
    """A query string makes another path of it."""

    def judge(self, request: Request) -> Accepted | Response:
        return Response(404) if request.query else super().judge(request)


@fault("HAND-05")
class PlainRequestIsWelcome(Handshake):
    """A request that does not ask for a WebSocket gets a page with 200."""

    def check_upgrade(self, request: Request) -> Response | None:
        return None if super().check_upgrade(request) is None else Response(200, "The chat.")


@fault("HAND-05")
class PlainRequestIsBad(Handshake):
    """A request that does not ask for a WebSocket gets 400, not 426."""

    def check_upgrade(self, request: Request) -> Response | None:
        return None if super().check_upgrade(request) is None else Response(400, "Bad.")


@fault("HAND-05", rows=(43,))
class AnyVersion(Handshake):
    """The version of the handshake is not looked at."""

    def check_version(self, request: Request) -> Response | None:
        return None


@fault("HAND-05")
class UnknownVersionIsBad(Handshake):
    """An unknown version of the handshake gets 400, not 426."""

    def check_version(self, request: Request) -> Response | None:
        return None if super().check_version(request) is None else Response(400, "Bad.")


@fault("HAND-05")
class NoKeyIsNeeded(Handshake):
    """A handshake without a key is accepted."""

    def check_key(self, request: Request) -> Response | None:
        return super().check_key(request) if "sec-websocket-key" in request.headers else None


@fault("HAND-05")
class AnyKey(Handshake):
    """A key is not looked at, as long as there is one."""

    def check_key(self, request: Request) -> Response | None:
        return None if request.headers.get("sec-websocket-key") else super().check_key(request)


@fault("HAND-06", rows=(12,))
class EarlyFramesAreLost(Connection):
    """What comes in the same segment as the handshake is thrown away."""

    async def run(self, early: bytes) -> None:
        await super().run(b"")


@fault("HAND-06", rows=(12,))
class EarlyFramesAreNobodys(Connection):
    """What comes in the same segment as the handshake finds nobody logged in yet."""

    async def run(self, early: bytes) -> None:
        self._known = self.session
        if early:
            self.session = None
        await super().run(early)

    def message(self, content: str | bytes) -> None:
        super().message(content)
        self.session = self._known


@fault("HAND-07")
class HandshakeMayTakeForever(Requests):
    """A handshake that stays incomplete is waited for."""

    def seconds(self) -> float:
        return float("inf")


@fault("HAND-07", rows=(34,))
class HandshakeOfAnySize(Requests):
    """A header may be as long as it likes."""

    def largest_head(self) -> int:
        return 1 << 30


@fault("HAND-08")
class SubprotocolIsDemanded(Handshake):
    """A client that offers no subprotocol is refused."""

    def judge(self, request: Request) -> Accepted | Response:
        if "sec-websocket-protocol" not in request.headers:
            return Response(400, "Which protocol?")
        return super().judge(request)


@fault("HAND-09")
class SubprotocolUnasked(Handshake):
    """The subprotocol is selected, offered or not."""

    def subprotocol(self, offers: list[str]) -> str | None:
        return SUBPROTOCOL


@fault("HAND-09", rows=(43,))
class FirstSubprotocolIsSelected(Handshake):
    """The first subprotocol that is offered is selected, whatever it is."""

    def subprotocol(self, offers: list[str]) -> str | None:
        return offers[0] if offers else None


@fault("HAND-10")
class UnknownSubprotocolIsRefused(Handshake):
    """A client that offers unknown subprotocols alone is refused."""

    def judge(self, request: Request) -> Accepted | Response:
        offers = request.headers.get("sec-websocket-protocol", SUBPROTOCOL)
        if SUBPROTOCOL not in offers:
            return Response(400, "Unknown protocol.")
        return super().judge(request)


@fault("HAND-11", rows=(11,))
class AnyOrigin(Handshake):
    """The origin is not looked at, so any page speaks as the user."""

    def is_own(self, origin: str) -> bool:
        return True


@fault("HAND-11", rows=(11,))
class OriginThatBeginsLikeOurs(Handshake):
    """An origin that begins like the server's is taken for it."""

    def is_own(self, origin: str) -> bool:
        return any(origin.startswith(own) for own in self.server.origins)


@fault("HAND-11", rows=(11,))
class NullOriginIsOurs(Handshake):
    """The origin null, which any sandboxed page has, is taken for the server's."""

    def is_own(self, origin: str) -> bool:
        return origin == "null" or super().is_own(origin)


@fault("HAND-11")
class ForeignOriginIsBad(Handshake):
    """A foreign origin gets 400, not 403."""

    def check_origin(self, request: Request) -> Response | None:
        return None if super().check_origin(request) is None else Response(400, "Bad.")


@fault("HAND-12")
class OwnOriginIsForeign(Handshake):
    """A page of the server's own is refused."""

    def is_own(self, origin: str) -> bool:
        return False


@fault("HAND-12")
class NoOriginIsForeign(Handshake):
    """A client that is no browser, and sends no origin, is refused."""

    def check_origin(self, request: Request) -> Response | None:
        if "origin" not in request.headers:
            return Response(403, "Pages only.")
        return super().check_origin(request)


@fault("AUTH-01")
class SessionIsIgnored(Handshake):
    """The session of the handshake is not looked at: everybody is anonymous."""

    def session(self, request: Request) -> Session | None:
        return None


def _of_the_first_user(server: Server) -> Session:
    return server.store.begin_session(server.store.accounts["alice"])


@fault("AUTH-02", rows=(12,))
class NobodyIsSomebody(Handshake):
    """A handshake without a session is given a user's."""

    def session(self, request: Request) -> Session | None:
        if request.cookie("sessionid") is None:
            return _of_the_first_user(self.server)
        return super().session(request)


@fault("AUTH-02", rows=(12,))
class UnknownSessionIsSomebody(Handshake):
    """A session that nobody began is believed."""

    def session(self, request: Request) -> Session | None:
        found = super().session(request)
        if found is None and request.cookie("sessionid") is not None:
            return _of_the_first_user(self.server)
        return found


@fault("AUTH-02", rows=(12,))
class LogoutIsForgotten(Store):
    """The key of a session that was logged out opens it again."""

    def __init__(self, limits: object) -> None:
        super().__init__(limits)  # type: ignore[arg-type]  # as it was given
        self._was: dict[str, Session] = {}

    def begin_session(self, account: object) -> Session:
        session = super().begin_session(account)  # type: ignore[arg-type]  # as it was given
        self._was[session.key] = session
        return session

    def session(self, key: str | None) -> Session | None:
        found = super().session(key)
        if found is None and key in self._was:
            return Session(key, self._was[key].account)
        return found


@fault("AUTH-02")
class AnonymousGets404(Handshake):
    """An anonymous handshake is refused with 404, as if there were no chat."""

    def check_session(self, request: Request) -> Response | None:
        return Response(404) if self.session(request) is None else None


@fault("AUTH-04")
class AnonymousIsRefused(Handshake):
    """An anonymous handshake is refused, which a page's script cannot see the reason of."""

    def check_session(self, request: Request) -> Response | None:
        return Response(403, "Log in.") if self.session(request) is None else None


@fault("AUTH-06")
class SessionFromTheUrl(Handshake):
    """The session may be named in the URL, where logs and referrers keep it."""

    def session(self, request: Request) -> Session | None:
        named = urllib.parse.parse_qs(request.query).get("session_key", [None])[0]
        return self.server.store.session(named) or super().session(request)
