"""The closing handshake: section 10.2 of the specification. For a stop see ``restart``."""

from multichat_conformance.actors import RawActor
from multichat_conformance.actors.wire import Opcode, close_payload
from multichat_conformance.catalogue import Group, check
from multichat_conformance.checks.connection_end import send_frame
from multichat_conformance.patterns import Exit
from multichat_conformance.stage import Stage

_ABRUPT = "The server drops the TCP connection when a close frame comes, without one of its own."


async def _is_answered(visitor: RawActor, payload: bytes) -> None:
    """Send a close frame, and see that it is answered and the TCP connection ended."""
    await visitor.send_close(payload)

    ended = await visitor.is_closed()
    if ended.code is None:
        visitor.blame(
            "", f"{visitor.name}'s close frame was not answered by one", "a close frame", str(ended)
        )
    await visitor.stream_ends()


@check("MC1-CLOSE-01", visitor=True, cause=_ABRUPT)
async def normal_close_is_answered(stage: Stage) -> None:
    """A close frame with code 1000 is answered by a close frame and the end of TCP."""
    await _is_answered(await stage.raw(stage.visitor), close_payload(1000))


@check("MC1-CLOSE-01", visitor=True, cause=_ABRUPT)
async def close_with_another_code_is_answered(stage: Stage) -> None:
    """A close frame with code 1001 and a reason is answered by a close frame and the end of TCP."""
    await _is_answered(await stage.raw(stage.visitor), close_payload(1001, "going away"))


@check("MC1-CLOSE-01", visitor=True, cause="Two bytes of a code are read that are not there.")
async def close_without_a_code_is_answered(stage: Stage) -> None:
    """A close frame without a code is answered by a close frame and the end of TCP."""
    await _is_answered(await stage.raw(stage.visitor), b"")


@check(
    "MC1-CLOSE-02",
    visitor=True,
    group=Group.INTRUSIVE,
    cause="The TCP connection is dropped at the first fault, without a close frame.",
)
async def own_close_begins_with_a_close_frame(stage: Stage) -> None:
    """A connection that the server ends on its own account is ended with a close frame."""
    visitor = await stage.raw(stage.visitor)

    await visitor.send_frame(Opcode.TEXT, b"{}", masked=False)

    ended = await visitor.is_closed(clause="MC1-FRAME-06")
    stage.expect(
        ended.code is not None,
        f"{visitor.name}'s connection was ended without a close frame",
        expected="a close frame",
        got=str(ended),
    )


@check(
    "MC1-CLOSE-07",
    actors=("alice", "bob"),
    group=Group.INTRUSIVE,
    cause="Frames are read on after a close frame, as long as bytes come.",
)
async def nothing_is_obeyed_after_a_close_frame(stage: Stage) -> None:
    """A send right behind one's own close frame is delivered to nobody."""
    room = stage.room()
    alice = await stage.raw("alice")
    bob = await stage.actor("bob")
    await stage.all_in(room, alice, bob)

    close = (int(Opcode.CLOSE), close_payload(1000))
    await alice.send_together(close, send_frame(room, stage.nonce()))

    await alice.is_closed(clause="MC1-CLOSE-01")
    if stage.target.announces:
        await bob.comes(Exit(room, alice))
    await stage.silence(bob, after=bob, announcements=False)
