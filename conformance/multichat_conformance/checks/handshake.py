"""handshake: section 2.1 of the specification."""

import base64
import json
from collections.abc import Sequence
from urllib.parse import urlsplit

import trio

from multichat_conformance.actors.handshake import request_bytes
from multichat_conformance.actors.knock import knock
from multichat_conformance.actors.wire import Opcode, frame
from multichat_conformance.catalogue import Group, check
from multichat_conformance.patterns import Error, Joined, Pattern
from multichat_conformance.stage import Stage
from multichat_conformance.target.address import resource_of
from multichat_conformance.variants import each, variant

PATH = "/chat/stream/"

AS_FIREFOX_SENDS_IT = (
    ("User-Agent", "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0"),
    ("Accept", "*/*"),
    ("Accept-Language", "en-US,en;q=0.5"),
    ("Accept-Encoding", "gzip, deflate, br, zstd"),
    ("Sec-WebSocket-Extensions", "permessage-deflate"),
    ("Connection", "keep-alive, Upgrade"),
    ("Sec-Fetch-Dest", "empty"),
    ("Sec-Fetch-Mode", "websocket"),
    ("Sec-Fetch-Site", "same-origin"),
    ("Pragma", "no-cache"),
    ("Cache-Control", "no-cache"),
)


@check(
    "MC1-HAND-01",
    visitor=True,
    cause="The server has no WebSocket at this path, or its 101 response is not that of RFC 6455.",
)
async def handshake_is_accepted(stage: Stage) -> None:
    """
    A handshake at /chat/stream/ is answered with 101 and the proof that it was understood.

    A target with another path in its url is judged there by every other check; here it is asked
    at the path that the clause names, on the same host.
    """
    path = urlsplit(stage.target.url).path
    if path != PATH:
        stage.note(f"all other checks reach the target at {path}; a client looks for it at {PATH}")
    response = await stage.handshake(role=stage.visitor, resource=None if path == PATH else PATH)

    stage.expect(
        response.status == 101,
        f"a handshake at {PATH} was not accepted",
        expected="status 101",
        got=str(response),
    )


@check(
    "MC1-HAND-01",
    visitor=True,
    cause="The server compares a header as a whole or with its case, instead of its words.",
)
async def headers_may_be_as_browsers_send_them(stage: Stage) -> None:
    """A handshake with all that browsers add is accepted, whatever the case of names."""
    variants = {
        "as Firefox sends it": AS_FIREFOX_SENDS_IT,
        "names in lower case": (("connection", "upgrade"), ("sec-websocket-version", "13")),
        "another case": (("UPGRADE", "WebSocket"), ("CONNECTION", "UPGRADE")),
    }
    for name, headers in variants.items():
        with variant(name):
            response = await stage.handshake(role=stage.visitor, headers=headers)

            _is_accepted(stage, response.status, str(response))


@check(
    "MC1-HAND-01",
    visitor=True,
    cause="The server takes what one read returns for the whole request.",
)
async def handshake_may_come_in_pieces(stage: Stage) -> None:
    """A handshake that comes in several reads, as over a slow line, is accepted."""
    response = await stage.handshake(role=stage.visitor, pieces=4)

    _is_accepted(stage, response.status, str(response))


@check(
    "MC1-HAND-02",
    visitor=True,
    cause="The route has the slash at its end and nothing serves the path without it.",
)
async def slash_at_the_end_may_be_missing(stage: Stage) -> None:
    """The path without the slash at its end is served in the same way."""
    path, _, query = resource_of(stage.target).partition("?")
    resource = path.rstrip("/") + (f"?{query}" if query else "")
    response = await stage.handshake(role=stage.visitor, resource=resource)
    stage.expect(
        response.status == 101,
        f"a handshake at {path.rstrip('/')} was not accepted",
        expected="status 101",
        got=str(response),
    )

    visitor = await stage.raw(stage.visitor, resource=resource)

    await stage.is_served(visitor)


@check(
    "MC1-HAND-03",
    visitor=True,
    cause="The upgrade is accepted before the path is looked at, or the path is compared by its "
    "beginning.",
)
async def other_paths_are_not_found(stage: Stage) -> None:
    """A handshake on a path where the protocol is not spoken gets 404."""
    path = resource_of(stage.target).partition("?")[0]
    stem = path.rstrip("/")
    others = {
        "a segment more": f"{stem}/x/",
        "a longer name": f"{stem}foo",
        "another prefix": f"/x{stem}/",
        "another case": f"{stem.upper() if stem != stem.upper() else stem.lower()}/",
    }

    async def is_not_found(resource: str) -> None:
        response = await stage.handshake(role=stage.visitor, resource=resource)

        stage.expect(
            response.status == 404,
            f"a handshake at {resource} was answered in another way than it must",
            expected="status 404",
            got=str(response),
        )

    await each(others, is_not_found)


@check(
    "MC1-HAND-04",
    visitor=True,
    cause="The route is compared with the path and the query string together.",
)
async def query_string_changes_nothing(stage: Stage) -> None:
    """The path with a query string is served as it is without."""
    resource = resource_of(stage.target)
    mark = "&" if "?" in resource else "?"
    for query in ("x=1", "x=%20&y=%C3%BC&z"):
        with variant(f"query string {query}"):
            asked = f"{resource}{mark}{query}"
            response = await stage.handshake(role=stage.visitor, resource=asked)
            _is_accepted(stage, response.status, str(response))

            await stage.is_served(await stage.raw(stage.visitor, resource=asked))


@check(
    "MC1-HAND-05",
    visitor=True,
    cause="A request without an upgrade falls through to another route.",
)
async def plain_request_gets_426(stage: Stage) -> None:
    """A GET of the path without an upgrade is refused with 426."""
    response = await stage.handshake(
        role=stage.visitor,
        without=("Upgrade", "Connection", "Sec-WebSocket-Key", "Sec-WebSocket-Version"),
    )

    _is_refused(stage, response.status, str(response), 426)


@check(
    "MC1-HAND-05",
    visitor=True,
    cause="The version is not looked at, or is refused with a status of its own.",
)
async def other_version_gets_426(stage: Stage) -> None:
    """A handshake of a WebSocket version that there is not is refused with 426."""
    response = await stage.handshake(role=stage.visitor, headers=[("Sec-WebSocket-Version", "99")])

    _is_refused(stage, response.status, str(response), 426)


@check(
    "MC1-HAND-05",
    visitor=True,
    group=Group.INTRUSIVE,
    cause="The key is hashed as it is, and nobody looks at whether it is one.",
)
async def key_has_sixteen_bytes(stage: Stage) -> None:
    """A handshake without a key, or with one that is not 16 bytes long, is refused."""
    keys = {
        "no key": "",
        "15 bytes": base64.b64encode(b"k" * 15).decode(),
        "17 bytes": base64.b64encode(b"k" * 17).decode(),
        "no base64": "!" * 24,
    }

    async def refused(key: str) -> None:
        name = "Sec-WebSocket-Key"
        if key:
            response = await stage.handshake(role=stage.visitor, headers=[(name, key)])
        else:
            response = await stage.handshake(role=stage.visitor, without=[name])

        _is_refused(stage, response.status, str(response))

    await each(keys, refused)


@check(
    "MC1-HAND-05",
    visitor=True,
    group=Group.INTRUSIVE,
    cause="The method or the HTTP version of the request is not looked at.",
)
async def only_a_get_of_http_1_1_upgrades(stage: Stage) -> None:
    """A handshake by POST, or in HTTP/1.0, is refused."""
    post = await stage.handshake(
        role=stage.visitor, method="POST", headers=[("Content-Length", "0")]
    )
    old = await stage.handshake(role=stage.visitor, version="HTTP/1.0")

    with variant("POST"):
        _is_refused(stage, post.status, str(post))
    with variant("HTTP/1.0"):
        _is_refused(stage, old.status, str(old))


@check(
    "MC1-HAND-06",
    visitor=True,
    cause="What the same read brought behind the request is thrown away, or the session is looked "
    "up after the first command.",
)
async def first_command_may_come_with_the_handshake(stage: Stage) -> None:
    """
    A join in the TCP segment of the handshake is answered, and with *joined*.

    Without an account it is a stranger's, who must be told to log in.
    """
    visitor = await stage.raw(stage.visitor, early=_join_frame(stage))

    await visitor.receives(_answer(stage))


@check(
    "MC1-HAND-06",
    visitor=True,
    cause="What the same read brought behind the request is taken for a whole frame.",
)
async def first_command_may_begin_with_the_handshake(stage: Stage) -> None:
    """A join that begins in the TCP segment of the handshake and ends later is answered."""
    join = _join_frame(stage)
    visitor = await stage.raw(stage.visitor, early=join[:9])

    await visitor.send_bytes(join[9:], "the rest of the frame")

    await visitor.receives(_answer(stage))


@check(
    "MC1-HAND-07",
    visitor=True,
    limits=("handshake_bytes",),
    group=Group.INTRUSIVE,
    cause="The head of a request is gathered without a limit, or the limit is not the stated one.",
)
async def long_header_is_refused(stage: Stage) -> None:
    """
    A handshake with a header that is twice as long as the stated limit is not accepted.

    A little more than the limit is let pass: servers look at what came after each read.
    """
    size = stage.limit("handshake_bytes") * 2

    await _is_too_long(stage, f"a header of {size:,} bytes", [("X-Long", "x" * size)])


@check(
    "MC1-HAND-07",
    visitor=True,
    limits=("handshake_bytes",),
    group=Group.INTRUSIVE,
    cause="Each line has a limit and all together have none.",
)
async def many_header_lines_are_refused(stage: Stage) -> None:
    """
    A handshake whose short header lines are sixteen times the stated limit is not accepted.

    So many, since what is stated may be the length of a line.
    """
    size = stage.limit("handshake_bytes") * 16
    lines = [(f"X-{number:06}", "x" * 54) for number in range(size // 64)]

    await _is_too_long(stage, f"header lines of {size:,} bytes", lines)


@check(
    "MC1-HAND-01",
    visitor=True,
    limits=("handshake_bytes",),
    cause="The limit is lower than the stated one.",
)
async def header_within_the_limit_is_accepted(stage: Stage) -> None:
    """A handshake with a header of half the stated limit is accepted."""
    size = stage.limit("handshake_bytes") // 2

    response = await stage.handshake(role=stage.visitor, headers=[("X-Long", "x" * size)])

    stage.expect(
        response.status == 101,
        f"a handshake with a header of {size} bytes was refused",
        expected="status 101",
        got=str(response),
    )


async def _is_too_long(stage: Stage, about: str, headers: Sequence[tuple[str, str]]) -> None:
    own = (await stage.session(stage.visitor)).headers if stage.visitor else {}
    request = request_bytes(stage.target, headers=[*own.items(), *headers])

    async with knock(stage.backdrop, f"a handshake with {about}") as one:
        # A target that has had enough may stop reading before it answers.
        with trio.move_on_after(stage.backdrop.patience):
            await one.write(request)
        answered = await one.is_answered(within=stage.backdrop.patience)
        response = one.response

    stage.expect(
        answered and response.status != 101,
        f"a handshake with {about} was not refused",
        expected="an HTTP error, or the end of the connection",
        got=str(response) if answered else "nothing: the target goes on reading",
    )


def _join_frame(stage: Stage) -> bytes:
    command = json.dumps({"command": "join", "room": stage.some_room})
    return frame(Opcode.TEXT, command.encode())


def _answer(stage: Stage) -> Pattern:
    return Joined(stage.room()) if stage.visitor else Error("USER_HAS_TO_LOGIN")


def _is_accepted(stage: Stage, status: int | None, got: str) -> None:
    stage.expect(status == 101, "a handshake was not accepted", expected="status 101", got=got)


def _is_refused(stage: Stage, status: int | None, got: str, wanted: int | None = None) -> None:
    stage.expect(
        status == wanted if wanted else status is not None and 400 <= status < 500,
        "a request that is no valid handshake was answered in another way than it must",
        expected=f"status {wanted}" if wanted else "a status of 4xx",
        got=got,
    )
