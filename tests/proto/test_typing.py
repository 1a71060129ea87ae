"""
The public types say what they should: to mypy and pyright, which read this file, too.

``assert_type`` and ``assert_never`` are for them. A command, frame, event or action that is
added to its union and not handled here is an error of theirs, and of the tests that count.
"""

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from typing import assert_never, assert_type, get_args

from multichat_proto import (
    ClientConnection,
    Command,
    Error,
    Event,
    Ignored,
    Join,
    Joined,
    Leave,
    Left,
    Message,
    Received,
    Room,
    RoomAccess,
    RoomState,
    Send,
    ServerConnection,
    ServerFrame,
    Violation,
    decode_command,
    decode_frame,
    encode,
    encode_bytes,
)
from multichat_proto.messages import room_id
from multichat_proto.server import Action, Close, Enter, Exit, Reply, Speak


def name_of_command(command: Command) -> str:
    match command:
        case Join(room=room):
            assert_type(room, str | int)
            return "join"
        case Leave(room=room):
            assert_type(room, str | int)
            return "leave"
        case Send(room=room, message=message):
            assert_type(room, str | int)
            assert_type(message, str)
            return "send"
        case _:
            assert_never(command)


def name_of_frame(frame: ServerFrame) -> str:
    match frame:
        case Joined(room=room, title=title):
            assert_type(room, Room)
            assert_type(title, str)
            return "join"
        case Left(room=room):
            assert_type(room, Room)
            return "leave"
        case Message(room=room, message=message, username=username, msg_type=msg_type):
            assert_type(room, Room)
            assert_type(message, str | None)
            assert_type(username, str)
            assert_type(msg_type, int)
            return "msg_type"
        case Error(code=code, command=command, room=about, detail=detail):
            assert_type(code, str)
            assert_type(command, str | None)
            assert_type(about, Room | None)
            assert_type(detail, str | None)
            return "error"
        case _:
            assert_never(frame)


def name_of_event(event: Event) -> str:
    match event:
        case Received(frame=frame, answers=answers):
            assert_type(frame, Joined | Left | Message | Error)
            assert_type(answers, Join | Leave | Send | None)
            return "received"
        case Ignored(text=text):
            assert_type(text, str)
            return "ignored"
        case Violation(text=text, reason=reason):
            assert_type(text, str)
            assert_type(reason, str)
            return "violation"
        case _:
            assert_never(event)


def name_of_action(action: Action) -> str:
    match action:
        case Reply(frame=frame):
            assert_type(frame, Joined | Left | Message | Error)
            return "reply"
        case Enter(room=room):
            assert_type(room, Room)
            return "enter"
        case Exit(room=room, told=told):
            assert_type(room, Room)
            assert_type(told, bool)
            return "exit"
        case Speak(room=room, message=message):
            assert_type(room, Room)
            assert_type(message, str)
            return "speak"
        case Close(reason=reason):
            assert_type(reason, str)
            return "close"
        case _:
            assert_never(action)


def test_each_command_is_one_of_three() -> None:
    command = decode_command('{"command": "send", "room": "1", "message": ""}')
    assert_type(command, Join | Leave | Send)

    assert name_of_command(command) == "send"
    assert name_of_command(Join("1")) == "join"
    assert name_of_command(Leave(1)) == "leave"
    assert len(get_args(Command)) == 3
    assert assert_type(encode(command), str)
    assert assert_type(encode_bytes(command), bytes)


def test_each_frame_is_one_of_four() -> None:
    frame = decode_frame('{"error": "X"}')
    assert_type(frame, Joined | Left | Message | Error | None)

    assert frame is not None
    assert name_of_frame(frame) == "error"
    assert name_of_frame(Joined(Room("1"), "")) == "join"
    assert name_of_frame(Left(Room("1"))) == "leave"
    assert name_of_frame(Message(Room("1"), None, "alice", 4)) == "msg_type"
    assert len(get_args(ServerFrame)) == 4


def test_each_event_is_one_of_three() -> None:
    client = ClientConnection()
    assert assert_type(client.join(1), str)
    assert_type(client.rooms, Mapping[Room, RoomState])
    assert_type(client.unanswered, tuple[Command, ...])
    events = [client.receive_text(text) for text in ('{"leave": "1"}', "{}", "")]
    assert_type(events, list[Received | Ignored | Violation])

    assert [name_of_event(event) for event in events] == ["received", "ignored", "violation"]
    assert len(get_args(Event)) == 3


def test_each_action_is_one_of_five() -> None:
    def look_up(room: Room) -> RoomAccess | None:
        return RoomAccess(room, allowed=True)

    server = ServerConnection(username="alice", look_up=look_up)
    assert_type(server.username, str | None)
    assert_type(server.rooms, AbstractSet[Room])
    actions = server.receive_text('{"command": "join", "room": "1"}', now=0.0)
    assert_type(actions, list[Reply | Enter | Exit | Speak | Close])
    actions += server.receive_text('{"command": "send", "room": "1", "message": ""}', now=0)
    actions += server.disconnect()

    names = ["enter", "reply", "speak", "exit"]
    assert [name_of_action(action) for action in actions] == names
    assert len(get_args(Action)) == 5


def test_a_room_is_more_than_a_string() -> None:
    room = room_id(5)
    assert_type(room, Room | None)

    assert room == "5"
    assert assert_type(Join("1").room_id, Room) == "1"
