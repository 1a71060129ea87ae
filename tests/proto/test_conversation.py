"""
Any number of clients talk through a server, and each gets what v1 owes it: no more, no less.

Hypothesis chooses who does what and when each frame arrives. After each step every connection
must have been sent exactly the frames that the model of ``chat_room`` owes it, in that order.
So nothing leaks to those who have left or were put out, nothing comes twice or not at all,
announcements come to whom they should and when, and errors to nobody else. On the other
side of the link each answer must be matched to its command, and whenever nothing is on the way
a client must believe to be in just the rooms that it is in.
"""

import json

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
)

from multichat_proto import (
    CloseCode,
    Command,
    Leave,
    Left,
    LocalProtocolError,
    Received,
    Room,
    RoomState,
)
from tests.proto.chat_room import NO_FRAMES, Hub, Link, Model, World

HERE = "here"
"""Stands for a room that the client takes itself to be in."""

ROOMS = st.sampled_from([HERE, HERE, HERE, "1", "1", "2", "3", "9"])
USERS: tuple[str, ...] = ("alice", "bob", "carol", "dave")
WHO = st.integers(0, len(USERS) - 1)
TEXTS = st.sampled_from(["", "a", "a", "b", "abc", "abcd"])


class Conversation(RuleBasedStateMachine):
    """Some clients, a server, and rights that change under them."""

    def __init__(self) -> None:
        super().__init__()
        self.world = World()
        self.hub = Hub(self.world)
        self.model = Model(self.world)
        self.open: list[Link] = []
        self.free = list(USERS)
        # Every frame that a client sent, as a command where it is one: the model counts them.
        self.sent: dict[Link, list[Command | None]] = {}
        # Whose client cannot tell which command an answer is for: see `check_answer`.
        self.confused: set[Link] = set()

    def link(self, who: int) -> Link:
        """Return one of the open connections."""
        return self.open[who % len(self.open)]

    # Clients

    @initialize(rooms=st.lists(st.sampled_from(["1", "1", "1", "2"]), min_size=2, max_size=4))
    def begin(self, rooms: list[str]) -> None:
        """Some users are connected, each in a room."""
        for room in rooms:
            self.connect()
            self.say(self.open[-1], "join", room)
        for link in list(self.open):
            self.server_takes(link)
        self.clients_take()

    @precondition(lambda self: self.free)
    @rule()
    def connect(self) -> None:
        """A user connects; for each there is one connection at a time."""
        link = self.hub.connect(self.free.pop(0))
        self.model.connect(link)
        self.open.append(link)
        self.sent[link] = []

    @precondition(lambda self: self.open)
    @rule(
        who=WHO,
        verbs=st.lists(st.sampled_from(["join", "leave", "send", "send"]), min_size=1, max_size=4),
        room=ROOMS,
        text=TEXTS,
    )
    def pipeline(self, who: int, verbs: list[str], room: str, text: str) -> None:
        """A client says something without waiting for answers, as far as the rules let it."""
        for verb in verbs:
            self.say(self.link(who), verb, room, text)

    @precondition(lambda self: self.open)
    @rule(who=WHO, verb=st.sampled_from(["join", "leave", "send", "send"]), room=ROOMS, text=TEXTS)
    def closed_loop(self, who: int, verb: str, room: str, text: str) -> None:
        """A client says something, and everybody waits until it has been heard."""
        link = self.link(who)
        self.server_takes(link)
        self.clients_take()
        if link in self.open:
            self.say(link, verb, room, text)
            self.server_takes(link)
            self.clients_take()

    @precondition(lambda self: len(self.open) > 1)
    @rule(texts=st.lists(TEXTS, min_size=2, max_size=4))
    def talk_at_once(self, texts: list[str]) -> None:
        """Everybody says something in a room, perhaps the same, before anybody is heard."""
        for link, text in zip(self.open, texts, strict=False):
            self.say(link, "send", HERE, text)

    def say(self, link: Link, verb: str, room: str, text: str = "") -> None:
        """Say it, or hold that the client's own rules forbid it and nothing has changed."""
        room = min(link.client.rooms, default="1") if room == HERE else room
        before = dict(link.client.rooms), link.client.unanswered
        arguments = (room, text) if verb == "send" else (room,)
        try:
            frame = getattr(link.client, verb)(*arguments)
        except LocalProtocolError:
            assert (dict(link.client.rooms), link.client.unanswered) == before
            at = link.client.rooms.get(Room(room), RoomState.OUTSIDE)
            is_waiting = at in (RoomState.ENTERING, RoomState.LEAVING)
            assert is_waiting or (verb, at) == ("send", RoomState.OUTSIDE)
        else:
            link.to_server.append(frame)
            self.sent[link].append(link.client.unanswered[-1])

    @precondition(lambda self: self.open)
    @rule(
        who=WHO,
        frame=st.sampled_from(NO_FRAMES)
        | st.builds(
            lambda room: json.dumps({"command": "send", "room": room, "message": "a"}),
            st.sampled_from(["1", "2", "9"]),
        ),
    )
    def misbehave(self, who: int, frame: str) -> None:
        """A client of another make sends what is no frame, or to rooms that it is not in."""
        link = self.link(who)
        link.to_server.append(frame)
        self.sent[link].append(None)
        self.confused.add(link)

    def drop(self, link: Link) -> None:
        """End a connection; its user may connect again."""
        self.hub.disconnect(link)
        self.model.disconnect(link)
        self.open.remove(link)
        self.free.append(link.user)

    # Time, and what is on the way

    @precondition(lambda self: any(link.to_server for link in self.open))
    @rule(who=WHO, most=st.integers(1, 9))
    def some_frames_arrive_at_the_server(self, who: int, most: int) -> None:
        """Those of one connection, in their order."""
        self.server_takes(self.link(who), most)

    def server_takes(self, link: Link, most: int = 1_000) -> None:
        """Let server and model take as many frames of a connection."""
        while link.to_server and link in self.open and most > 0:
            most -= 1
            text = link.to_server[0]
            self.hub.take(link)
            self.model.take(link, text)
            assert (link.close_code is not None) == self.model.is_closed(link)
            if link.close_code is not None:
                assert link.close_code == CloseCode.POLICY_VIOLATION
                self.drop(link)

    @precondition(lambda self: any(link.to_client for link in self.open))
    @rule(most=st.integers(1, 9))
    def clients_take(self, most: int = 1_000) -> None:
        """Let each client take some frames."""
        for link in self.open:
            for _ in range(min(most, len(link.to_client))):
                self.client_takes(link)

    def client_takes(self, link: Link) -> None:
        """
        Let a client take a frame; hold that it knows which command was answered.

        There are two exceptions, both documented. Being put out of a room while a ``leave``
        of it is on the way looks like the answer. And what the client core did not send, it
        cannot know of. From then on until all is answered an error may go astray.
        """
        answers = self.model.due(link).popleft().answers
        text = link.to_client.popleft()
        unanswered = list(link.client.unanswered)

        event = link.client.receive_text(text)

        assert isinstance(event, Received), text
        if answers is None and isinstance(event.answers, Leave):
            assert event.frame == Left(event.answers.room_id)
            self.confused.add(link)
        elif link not in self.confused:
            assert event.answers == (None if answers is None else self.sent[link][answers])
        # Never two answers to one command.
        if event.answers is not None:
            unanswered.remove(event.answers)
        assert list(link.client.unanswered) == unanswered

    @rule(seconds=st.integers(1, 8), lost=st.sampled_from([None, None, None, 0, 1, 2]))
    def time_passes(self, seconds: int, lost: int | None) -> None:
        """The buckets fill; a connection may end, whatever is still on the way."""
        self.world.now += seconds
        if lost is not None and self.open:
            self.drop(self.link(lost))

    # Rights

    @rule(
        change=st.sampled_from(["staff room", "delete or add", "staff", "account"]),
        # Most of the time most of them may be where they are.
        room=st.sampled_from(["1", "2", "2", "3", "3", "3"]),
        user=st.sampled_from(["alice", "dave", "dave", "dave"]),
        is_noticed=st.booleans(),
    )
    def change_rights(self, change: str, room: str, user: str, is_noticed: bool) -> None:
        """Rooms and users change; the server may notice now, or later."""
        world = self.world
        if change == "staff room":
            world.staff_only ^= {room}
        elif change == "staff":
            world.staff ^= {user}
        elif change == "account":
            world.logged_out ^= {user}
            for link in self.open:
                link.server.username = None if link.user in world.logged_out else link.user
        elif world.titles.pop(room, None) is None:
            world.titles[room] = f"new {room}"
        if is_noticed:
            self.put_out()

    @precondition(lambda self: self.model.may_no_longer())
    @rule()
    def put_out(self) -> None:
        """The server puts out who has lost a room; commands were refused before that."""
        self.hub.put_out([(link, Room(room)) for link, room in self.model.may_no_longer()])
        self.model.put_out()

    # What must hold

    @invariant()
    def each_was_sent_what_it_is_owed(self) -> None:
        """Exactly, and in order."""
        for link in self.open:
            frames = [json.loads(text) for text in link.to_client]
            assert frames == [due.frame for due in self.model.due(link)]

    @invariant()
    def server_and_model_agree_who_is_where(self) -> None:
        """Membership is by connection (MC1-MEMB-01)."""
        for link in self.open:
            assert link.server.rooms == self.model.rooms(link)

    @invariant()
    def clients_know_where_they_are_once_all_has_arrived(self) -> None:
        """From *joined* to *left* (MC1-CLIENT-04)."""
        for link in self.open:
            if link.to_server or link.to_client:
                continue
            inside = {room for room, at in link.client.rooms.items() if at is RoomState.INSIDE}
            assert inside == link.server.rooms
            assert set(link.client.rooms) == inside
            assert link.client.unanswered == ()
            self.confused.discard(link)


TestConversation = Conversation.TestCase
TestConversation.settings = settings(max_examples=80, stateful_step_count=50)
