"""origin: section 2.3 of the specification."""

from urllib.parse import urlsplit

from multichat_conformance.catalogue import Group, check
from multichat_conformance.stage import Stage
from multichat_conformance.target.address import own_origin
from multichat_conformance.variants import each

FOREIGN = "evil.example"
"""A name that nobody can have (RFC 2606)."""


@check(
    "MC1-HAND-12",
    visitor=True,
    cause="The list of allowed origins lacks the server's own, or is compared with a path or a "
    "port too many. Behind a proxy: set origin in the target file to what browsers see.",
)
async def own_origin_is_served(stage: Stage) -> None:
    """A handshake with the server's own origin is accepted, and its connection served."""
    await _is_served(stage, ("Origin", own_origin(stage.target)))


@check(
    "MC1-HAND-12",
    visitor=True,
    cause="A missing Origin is taken for a foreign one; only browsers send it.",
)
async def client_without_an_origin_is_served(stage: Stage) -> None:
    """A handshake without an `Origin` is accepted, and its connection served."""
    await _is_served(stage)


@check(
    "MC1-HAND-11",
    visitor=True,
    group=Group.INTRUSIVE,
    cause="Nobody looks at Origin, so any page can chat as whoever visits it.",
)
async def foreign_origin_is_refused(stage: Stage) -> None:
    """A handshake from a foreign page gets 403, though it may carry a user's session."""
    scheme = urlsplit(own_origin(stage.target)).scheme

    await _is_refused(stage, f"{scheme}://{FOREIGN}")


@check(
    "MC1-HAND-11",
    visitor=True,
    group=Group.INTRUSIVE,
    cause="`null` is taken for no origin; sandboxed frames and local files send it.",
)
async def null_origin_is_refused(stage: Stage) -> None:
    """A handshake with the origin `null` gets 403."""
    await _is_refused(stage, "null")


@check(
    "MC1-HAND-11",
    visitor=True,
    group=Group.INTRUSIVE,
    cause="Origins are compared by their beginning, their end or a pattern with a dot in it.",
)
async def origins_that_look_alike_are_refused(stage: Stage) -> None:
    """An origin that merely holds the server's own gets 403."""
    own = urlsplit(own_origin(stage.target))
    host, port = own.hostname or "", f":{own.port}" if own.port else ""
    shown = f"[{host}]" if ":" in host else host
    alike = {
        "begins like the server's": f"{own.scheme}://{shown.strip('[]')}.{FOREIGN}{port}",
        "begins like the server's, port included": f"{own.scheme}://{own.netloc}.{FOREIGN}",
        "ends like the server's": f"{own.scheme}://{FOREIGN}.{shown.strip('[]')}{port}",
        "the server's as user name": f"{own.scheme}://{own.netloc}@{FOREIGN}",
        "the server's as path": f"{own.scheme}://{FOREIGN}/{own.scheme}://{own.netloc}",
        "two origins": f"{own.scheme}://{own.netloc} {own.scheme}://{FOREIGN}",
    }

    await each(alike, lambda origin: _is_refused(stage, origin))


@check(
    "MC1-HAND-11",
    visitor=True,
    group=Group.INTRUSIVE,
    cause="Hosts are compared, not origins: another program on the same machine is another origin.",
)
async def other_port_is_refused(stage: Stage) -> None:
    """An origin with the server's host and another port gets 403."""
    own = urlsplit(own_origin(stage.target))
    port = own.port or (443 if own.scheme == "https" else 80)
    host = own.netloc.rpartition("@")[2].removesuffix(f":{own.port}")

    await _is_refused(stage, f"{own.scheme}://{host}:{port % 65535 + 1}")


@check(
    "MC1-HAND-11",
    visitor=True,
    group=Group.INTRUSIVE,
    cause="Hosts are compared, not origins: what a page without TLS shows, anybody on the way can "
    "have written.",
)
async def other_scheme_is_refused(stage: Stage) -> None:
    """
    An origin with the server's host and port and another scheme gets 403.

    `https` is not tried where the server itself is reached without TLS: it may stand behind a
    proxy that it knows nothing of, and browsers let no such page open a connection without TLS.
    The other way round they do, so `http` is tried where the server is reached with TLS.
    """
    own = urlsplit(own_origin(stage.target))
    schemes = ["ftp", "ws", *(["http"] if own.scheme == "https" else [])]

    await each(
        {f"scheme {scheme}": f"{scheme}://{own.netloc}" for scheme in schemes},
        lambda origin: _is_refused(stage, origin),
    )


async def _is_served(stage: Stage, *headers: tuple[str, str]) -> None:
    response = await stage.handshake(role=stage.visitor, headers=headers)
    stage.expect(
        response.status == 101,
        "a handshake was not accepted",
        expected="status 101",
        got=str(response),
    )
    await stage.is_served(await stage.raw(stage.visitor, headers=headers))


async def _is_refused(stage: Stage, origin: str) -> None:
    response = await stage.handshake(role=stage.visitor, headers=[("Origin", origin)])
    stage.expect(
        response.status == 403,
        f"a handshake with the origin {origin} was answered in another way than it must",
        expected="status 403",
        got=str(response),
    )
