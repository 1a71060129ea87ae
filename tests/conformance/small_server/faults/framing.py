"""Faults of the framing and of what a message may be (sections 3.1, 8 and 10.2)."""

# ruff: noqa: ARG002  a fault need not look at all that its rule looks at

from collections.abc import Iterator

from tests.conformance.small_server.connection import Connection
from tests.conformance.small_server.faults.fault import fault
from tests.conformance.small_server.framing import (
    CONTINUATION,
    TEXT,
    Broken,
    Event,
    Framing,
    Head,
    Message,
    server_frame,
)


@fault("FRAME-02", rows=(38,))
class PartsAreMessages(Framing):
    """Each part of a message is taken for a message."""

    def _event(self, head: Head, payload: bytes) -> Event | None:
        event = super()._event(head, payload)
        if event is None and head.opcode in (CONTINUATION, TEXT):
            kind = self._kind
            event = self._whole()
            self._kind = kind
        return event


@fault("FRAME-02", rows=(38,))
class PingEndsAMessage(Framing):
    """A ping between the parts of a message makes the parts before it go lost."""

    def _event(self, head: Head, payload: bytes) -> Event | None:
        if head.is_control:
            self._parts.clear()
        return super()._event(head, payload)


@fault("FRAME-06")
class UnmaskedIsFine(Framing):
    """A frame that is not masked is taken."""

    def check_mask(self, head: Head) -> None:
        pass


@fault("FRAME-06", rows=(38,))
class ReservedBitsAreFine(Framing):
    """Reserved bits are not looked at, so compressed text would be taken for text."""

    def check_reserved_bits(self, head: Head) -> None:
        pass


@fault("FRAME-06")
class ReservedOpcodesAreSkipped(Framing):
    """A frame with a reserved opcode is passed over."""

    def check_opcode(self, head: Head) -> None:
        pass

    def _event(self, head: Head, payload: bytes) -> Event | None:
        is_reserved = 2 < head.opcode < 8 or head.opcode > 10
        return None if is_reserved else super()._event(head, payload)


@fault("FRAME-06")
class LongControlFrames(Framing):
    """A ping may be as long as it likes."""

    def check_control(self, head: Head) -> None:
        pass


@fault("FRAME-06", rows=(38,))
class StrayContinuationIsAMessage(Framing):
    """A part that continues nothing is taken for a message."""

    def check_sequence(self, head: Head) -> None:
        if head.opcode == CONTINUATION and self._kind is None:
            self._kind = TEXT
        super().check_sequence(head)


@fault("FRAME-06", rows=(38,))
class MessageWithinAMessage(Framing):
    """A message that is begun within another takes its place."""

    def check_sequence(self, head: Head) -> None:
        if head.opcode == TEXT and self._kind is not None:
            self._parts.clear()
            self._kind = None
        super().check_sequence(head)


@fault("FRAME-06")
class HalfACloseCode(Framing):
    """A close frame with one byte is taken for one without a code."""

    def close_code(self, payload: bytes) -> int | None:
        return None if len(payload) == 1 else super().close_code(payload)


@fault("FRAME-06")
class AnyCloseCode(Framing):
    """A close frame may carry any code."""

    def close_code(self, payload: bytes) -> int | None:
        return 1000 if len(payload) > 1 else super().close_code(payload)


@fault("FRAME-06", "FRAME-07", "LIMIT-02", "CLOSE-02", rows=(33,))
class BrokenFramingIsCutOff(Connection):
    """A client that breaks the framing is cut off without a close frame."""

    def put_close(self, code: int | None, reason: str) -> None:
        if code not in (1002, 1007, 1009):
            super().put_close(code, reason)


@fault("FRAME-06")
class BrokenFramingIsAnInternalError(Connection):
    """A client that breaks the framing gets 1011, not 1002."""

    def broken(self, broken: Broken) -> None:
        super().broken(Broken(1011 if broken.code == 1002 else broken.code, broken.reason))


@fault("FRAME-07", rows=(33,))
class BadTextIsRepaired(Framing):
    """What is no UTF-8 in a text is replaced."""

    def text(self, payload: bytes) -> str:
        return payload.decode(errors="replace")


@fault("FRAME-07", rows=(32, 33))
class EncodedSurrogatesPass(Framing):
    """A surrogate that was encoded as UTF-8 is taken for text."""

    def text(self, payload: bytes) -> str:
        try:
            payload.decode("utf-8", "surrogatepass")
        except UnicodeDecodeError:
            return super().text(payload)
        return payload.decode(errors="replace")


@fault("FRAME-07")
class BadReasonPasses(Framing):
    """A close reason need not be UTF-8."""

    def _event(self, head: Head, payload: bytes) -> Event | None:
        return super()._event(head, payload[:2] if head.opcode == 8 else payload)


@fault("FRAME-07")
class BadTextIsAProtocolError(Connection):
    """Text that is no UTF-8 ends the connection with 1002, not 1007."""

    def broken(self, broken: Broken) -> None:
        super().broken(Broken(1002 if broken.code == 1007 else broken.code, broken.reason))


@fault("FRAME-08", rows=(39,))
class NoPong(Connection):
    """Pings are not answered."""

    def pong(self, payload: bytes) -> None:
        pass


@fault("FRAME-08")
class EmptyPong(Connection):
    """A pong does not carry the payload of its ping."""

    def pong(self, payload: bytes) -> None:
        super().pong(b"")


@fault("FRAME-02", rows=(38,))
class NoPongWithinAMessage(Framing):
    """A ping between the parts of a message is not answered."""

    def _event(self, head: Head, payload: bytes) -> Event | None:
        event = super()._event(head, payload)
        return None if head.opcode == 9 and self._kind is not None else event


@fault("LIMIT-02", rows=(34,))
class FramesOfAnySize(Framing):
    """A message may be as large as it likes."""

    def check_size(self, head: Head) -> None:
        pass


@fault("LIMIT-02", rows=(34,))
class SizeOfEachPart(Framing):
    """The size of each part of a message is limited, but not that of the whole."""

    def check_size(self, head: Head) -> None:
        if head.length > self._limits.frame_bytes:
            super().check_size(head)


@fault("LIMIT-02")
class TooBigIsAViolation(Connection):
    """A message that is too big ends the connection with 1008, not 1009."""

    def broken(self, broken: Broken) -> None:
        super().broken(Broken(1008 if broken.code == 1009 else broken.code, broken.reason))


@fault("LIMIT-02", "ERR-01")
class TooBigIsPassedOver(Framing):
    """A message that is too big is passed over in silence."""

    def check_size(self, head: Head) -> None:
        pass

    def receive(self, data: bytes) -> Iterator[Event]:
        for event in super().receive(data):
            if isinstance(event, Message) and len(event.content) > self._limits.frame_bytes:
                continue
            yield event


@fault("LIMIT-08", rows=(34,))
class SmallFramesOnly(Framing):
    """Messages of more than 64 KiB are too big."""

    def check_size(self, head: Head) -> None:
        if not head.is_control and len(self._parts) + head.length > 65_536:
            raise Broken(1009, "a message is too big")


@fault("FRAME-01")
class FramesInBinary(Connection):
    """Frames are sent as binary messages."""

    def put(self, data: bytes) -> None:
        is_text = data[0] == 0x80 | TEXT
        super().put(b"\x82" + data[1:] if is_text else data)


@fault("FRAME-01")
class FramesInArrays(Connection):
    """Frames are sent wrapped in an array."""

    def encode(self, frame: dict[str, object]) -> bytes:
        return b"[" + super().encode(frame) + b"]"


@fault("FRAME-01")
class FramesInPython(Connection):
    """Frames are written as Python writes them, which is not JSON."""

    def encode(self, frame: dict[str, object]) -> bytes:
        return repr(frame).encode()


@fault("FRAME-05")
class GreetsItsClients(Connection):
    """A frame that is none of the four is sent at the start."""

    async def run(self, early: bytes) -> None:
        self.put(server_frame(TEXT, b'{"hello": "client"}'))
        await super().run(early)


@fault("FRAME-05")
class TwoKindsInOneFrame(Connection):
    """A joined frame says that there was no error, in the member that says that there was."""

    def encode(self, frame: dict[str, object]) -> bytes:
        return super().encode({**frame, "error": "NONE"} if "join" in frame else frame)
