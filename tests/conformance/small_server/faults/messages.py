"""Faults of what a room message says (section 5)."""

# ruff: noqa: ARG002  a fault need not look at all that its rule looks at

import json

from tests.conformance.small_server import frames
from tests.conformance.small_server.connection import Connection
from tests.conformance.small_server.faults.fault import fault
from tests.conformance.small_server.frames import Frame
from tests.conformance.small_server.hall import Hall, Member
from tests.conformance.small_server.store import Account


@fault("MSG-01", "FRAME-05", rows=(29,))
class MessagesWithoutRoom(Hall):
    """Room messages do not say of which room they are."""

    def message(self, room: int, text: str | None, username: str, msg_type: int) -> Frame:
        frame = super().message(room, text, username, msg_type)
        del frame["room"]
        return frame


@fault("MSG-01", "FRAME-05", rows=(29,))
class RoomsAreNumbers(Hall):
    """Room messages give the room as a number."""

    def message(self, room: int, text: str | None, username: str, msg_type: int) -> Frame:
        return {**super().message(room, text, username, msg_type), "room": room}


@fault("MSG-01")
class NamesInCapitals(Hall):
    """Names are given in another case than they are written in."""

    def message(self, room: int, text: str | None, username: str, msg_type: int) -> Frame:
        return super().message(room, text, username.title(), msg_type)


@fault("MSG-02", "FRAME-05", rows=(29,))
class AnnouncementsSaySomething(Hall):
    """ENTER and LEAVE carry a text."""

    def message(self, room: int, text: str | None, username: str, msg_type: int) -> Frame:
        return super().message(room, "" if text is None else text, username, msg_type)


@fault("MSG-03", "AUTH-05")
class NamesAsTheyWere(Hall):
    """Messages carry the name that the user had at the first one."""

    def __init__(self) -> None:
        super().__init__()
        self._names: dict[Member, str] = {}

    def send(self, room: int, text: str, member: Member, account: Account) -> None:
        name = self._names.setdefault(member, account.username)
        for each in self.hearers(room, member):
            each.say(self.message(room, text, name, frames.MESSAGE))


@fault("TYPE-01")
class EnterIsLeave(Hall):
    """The numbers of ENTER and LEAVE are swapped."""

    def message(self, room: int, text: str | None, username: str, msg_type: int) -> Frame:
        number = {frames.ENTER: frames.LEAVE, frames.LEAVE: frames.ENTER}.get(msg_type, msg_type)
        return super().message(room, text, username, number)


@fault("TYPE-01", "FRAME-05", rows=(29,))
class TypesAreStrings(Hall):
    """The type of a message is given as a string."""

    def message(self, room: int, text: str | None, username: str, msg_type: int) -> Frame:
        return {**super().message(room, text, username, msg_type), "msg_type": str(msg_type)}


@fault("TYPE-01", "TYPE-03")
class AnnouncementsAreMessages(Hall):
    """What the operator says is of type 0, whatever it asked for."""

    def speak(self, room: int, msg_type: int, text: str, username: str) -> None:
        super().speak(room, frames.MESSAGE, text, username)


@fault("TYPE-03")
class OneHearsTheOperator(Hall):
    """What the operator says reaches one member of the room alone."""

    def speak(self, room: int, msg_type: int, text: str, username: str) -> None:
        for member in self.members(room)[:1]:
            member.say(self.message(room, text, username, msg_type))


class _Spoofed(Connection):
    """Believes what a client says of itself; `member` names what."""

    member = ""
    _said: object = None

    def message(self, content: str | bytes) -> None:
        type(self)._said = _member(content, self.member)
        super().message(content)
        type(self)._said = None

    def say(self, frame: Frame) -> None:
        if "msg_type" in frame and type(self)._said is not None:
            frame = {**frame, self.member: type(self)._said}
        super().say(frame)


def _member(content: str | bytes, name: str) -> object:
    try:
        frame = json.loads(content)
    except (ValueError, RecursionError):
        return None
    return frame.get(name) if isinstance(frame, dict) else None


@fault("AUTH-07", "MSG-01", rows=(23,))
class NamesAreBelieved(_Spoofed):
    """The author of a message is who the client says it is."""

    member = "username"


@fault("TYPE-02", "AUTH-07", rows=(23,))
class TypesAreBelieved(_Spoofed):
    """The type of a message is what the client says it is."""

    member = "msg_type"
