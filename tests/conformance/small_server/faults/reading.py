"""Faults of reading JSON, and of what else may stand in a frame (sections 3.1 and 3.2)."""

import json
import re
from typing import Any

from tests.conformance.small_server.commands import Commands
from tests.conformance.small_server.connection import Connection
from tests.conformance.small_server.faults.fault import fault
from tests.conformance.small_server.frames import Frame, Refused
from tests.conformance.small_server.reading import Fraction, Reading

KNOWN = ("command", "room", "message")


@fault("FRAME-03", rows=(37,))
class BinaryIsRead(Reading):
    """A binary message is read like text."""

    def frame(self, content: str | bytes) -> dict[str, Any]:
        text = content.decode(errors="replace") if isinstance(content, bytes) else content
        return super().frame(text)


@fault("FRAME-03", "ERR-07", rows=(37,))
class BinaryIsPassedOver(Connection):
    """A binary message is passed over in silence."""

    def message(self, content: str | bytes) -> None:
        if isinstance(content, str):
            super().message(content)


@fault("FRAME-03", "ERR-04", rows=(37,))
class BinaryEndsTheConnection(Connection):
    """A binary message ends the connection."""

    def message(self, content: str | bytes) -> None:
        if isinstance(content, bytes):
            self.close(1003, "text only")
        super().message(content)


@fault("FRAME-04")
class UnknownMembersAreRefused(Reading):
    """A command with a member that nobody knows is refused."""

    def command(self, frame: dict[str, Any]) -> str:
        if any(member not in KNOWN for member in frame):
            raise Refused("COMMAND_INVALID", "an unknown member")
        return super().command(frame)


@fault("FRAME-09")
class UnknownMembersAreStrings(Reading):
    """An unknown member whose value is no string is refused."""

    def command(self, frame: dict[str, Any]) -> str:
        for name, value in frame.items():
            if name not in KNOWN and (isinstance(value, Fraction) or not isinstance(value, str)):
                raise Refused("COMMAND_INVALID", "a member that is no string")
        return super().command(frame)


@fault("FRAME-09")
class MembersOfItsOwn(Reading):
    """Members that the server's own messages have get in the way of its work."""

    def command(self, frame: dict[str, Any]) -> str:
        if "reply_channel" in frame or not isinstance(frame.get("path", ""), str):
            raise Refused("COMMAND_INVALID", "a member of ours")
        return super().command(frame)


@fault("FRAME-09")
class FewMembers(Reading):
    """A frame with more than a thousand members is refused."""

    def object(self, pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        if len(pairs) > 1_000:
            raise ValueError("too many members")
        return super().object(pairs)


@fault("JSON-01", "ERR-01", "ERR-07", rows=(28,))
class NoJsonIsPassedOver(Commands):
    """What is no JSON object is passed over in silence."""

    def answer(self, connection: Connection, frame: Frame) -> None:
        if frame["error"] != "FRAME_INVALID":
            super().answer(connection, frame)


@fault("JSON-01", "ERR-04", "ERR-10", rows=(9, 10))
class NoJsonEndsTheConnection(Commands):
    """What is no JSON object ends the connection."""

    def answer(self, connection: Connection, frame: Frame) -> None:
        super().answer(connection, frame)
        if frame["error"] == "FRAME_INVALID":
            connection.close(1011, "an error")


@fault("ERR-10", rows=(9,))
class NoJsonEndsEverything(Commands):
    """What is no JSON object ends the connections of everybody."""

    def answer(self, connection: Connection, frame: Frame) -> None:
        super().answer(connection, frame)
        if frame["error"] == "FRAME_INVALID":
            for each in connection.everybody:
                each.close(1011, "an error")


@fault("ERR-07")
class NoJsonIsAnsweredTwice(Commands):
    """What is no JSON object gets two errors."""

    def answer(self, connection: Connection, frame: Frame) -> None:
        super().answer(connection, frame)
        if frame["error"] == "FRAME_INVALID":
            super().answer(connection, frame)


@fault("JSON-01", rows=(36,))
class ArraysAreFrames(Reading):
    """An array with one object is taken for the object."""

    def parse(self, text: str) -> Any:
        value = super().parse(text)
        return value[0] if isinstance(value, list) and value else value


@fault("JSON-01", rows=(36,))
class NoObjectIsACommand(Reading):
    """A value that is no object is a command that is not known."""

    def parse(self, text: str) -> Any:
        value = super().parse(text)
        return value if isinstance(value, dict) else {}


@fault("JSON-01")
class RestIsPassedOver(Reading):
    """What stands behind the object is passed over."""

    def parse(self, text: str) -> Any:
        _, end = json.JSONDecoder(strict=False).raw_decode(text.lstrip(" \t\r\n"))
        return super().parse(text.lstrip(" \t\r\n")[:end])


@fault("JSON-01", rows=(36,))
class ByteOrderMarkIsPassedOver(Reading):
    """A byte order mark is passed over."""

    def parse(self, text: str) -> Any:
        return super().parse(text.removeprefix("\ufeff"))


@fault("JSON-01")
class ControlCharactersPass(Reading):
    """Raw control characters may stand in strings."""

    def parse(self, text: str) -> Any:
        return super().parse(re.sub(r"[\x00-\x08\x0b\x0c\x0e-\x1f\t]", " ", text))


@fault("JSON-01")
class TrailingCommasPass(Reading):
    """A comma may stand behind the last member."""

    def parse(self, text: str) -> Any:
        return super().parse(re.sub(r",\s*}", "}", text))


@fault("JSON-01")
class EmptyIsPassedOver(Connection):
    """An empty message is passed over in silence."""

    def message(self, content: str | bytes) -> None:
        if content:
            super().message(content)


@fault("JSON-02", rows=(36,))
class NotANumberPasses(Reading):
    """NaN and Infinity are read as numbers."""

    def parse(self, text: str) -> Any:
        return super().parse(re.sub(r"(?<=[:\[,\s])-?(?:NaN|Infinity)(?=[\s,}\]])", "1e9", text))


@fault("JSON-03", rows=(32, 36))
class HalfCharactersAreReplaced(Reading):
    """Half a character is replaced and passed on."""

    def check_surrogates(self, value: Any) -> None:
        pass

    def text(self, value: Any) -> str:
        return super().text(value).encode("utf-8", "replace").decode()


class _Unchecked(Reading):
    def check_surrogates(self, value: Any) -> None:
        pass


@fault("JSON-03", "ERR-10", rows=(32, 36), also=(_Unchecked,))
class HalfCharactersCutOthersOff(Connection):
    """Half a character is passed on as it is, in what is no UTF-8: it cuts off who hears it."""

    def encode(self, frame: Frame) -> bytes:
        return json.dumps(frame, ensure_ascii=False).encode("utf-8", "surrogatepass")


@fault("JSON-03", rows=(36,), also=(_Unchecked,))
class HalfCharactersPassAsEscapes(Connection):
    """Half a character is passed on as the escape that it was."""

    def encode(self, frame: Frame) -> bytes:
        return json.dumps(frame).encode()


@fault("JSON-03", rows=(36,))
class HalfCharactersThatDoNotCountPass(Reading):
    """Half a character is looked for in the last of several members of one name alone."""

    def object(self, pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        return super().object(list(dict(pairs).items()))


@fault("JSON-05")
class DepthThatDoesNotCountPasses(Reading):
    """The depth of a frame is that of what the parser has left of it."""

    def check_depth(self, text: str) -> None:
        try:
            left = json.dumps(super().parse(text), default=str)
        except (ValueError, RecursionError):
            left = text
        super().check_depth(left)


@fault("JSON-04", rows=(36,))
class FirstMemberCounts(Reading):
    """Of members of one name the first counts."""

    def object(self, pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        super().object(pairs)
        return dict(reversed(pairs))


@fault("JSON-04", rows=(36,))
class TwoOfANameAreRefused(Reading):
    """A frame with two members of one name is refused."""

    def object(self, pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found = super().object(pairs)
        if len(found) < len(pairs):
            raise ValueError("two of a name")
        return found


@fault("JSON-05")
class ShallowFramesOnly(Reading):
    """A frame may be nested 32 levels deep, no deeper."""

    max_depth = 32


@fault("JSON-05", rows=(36,))
class FramesOfAnyDepth(Reading):
    """The depth of a frame is not looked at."""

    def check_depth(self, text: str) -> None:
        pass

    def parse(self, text: str) -> Any:
        try:
            return super().parse(text)
        except RecursionError:
            raise Refused("FRAME_INVALID", "too deep for us") from None


@fault("JSON-05", "ERR-10", rows=(9, 36))
class DeepFramesEndEverything(Commands):
    """A frame that is nested very deep ends the connections of everybody."""

    def obey(self, connection: Connection, content: str | bytes) -> None:
        if isinstance(content, str) and "[" * 10_000 in content:
            for each in connection.everybody:
                each.close(1011, "an error")
        super().obey(connection, content)


@fault("JSON-06", "ERR-01", rows=(36,))
class HugeNumbersArePassedOver(Commands):
    """A frame with a number that no float can hold is passed over in silence."""

    def obey(self, connection: Connection, content: str | bytes) -> None:
        if not isinstance(content, str) or not re.search(r"[0-9][eE]\+?[0-9]{3}", content):
            super().obey(connection, content)


@fault("JSON-07")
class OneLineOnly(Reading):
    """A frame may not hold line ends between its tokens."""

    def check_depth(self, text: str) -> None:
        super().check_depth(text)
        if "\n" in text or "\r" in text:
            raise Refused("FRAME_INVALID", "more than one line")
