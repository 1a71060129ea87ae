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
    Bundle,
    RuleBasedStateMachine,
    consumes,
    invariant,
    precondition,
    rule,
)

from multichat_proto import (
    CloseCode,
    Command,
    Ignored,
    LocalProtocolError,
    Received,
    Room,
    RoomState,
    Violation,
)
from tests.proto.chat_room import NO_FRAMES, Hub, Link, Model, World

ROOMS = st.sampled_from(["1", "2", "3", "9"])
USERS = ("alice", "bob", "carol", "dave")


class Conversation(RuleBasedStateMachine):
    """Some clients, a server, and rights that change under them."""

    links = Bundle("links")

    def __init__(self) -> None:
        super().__init__()
        self.world = World()
        self.hub = Hub(self.world)
        self.model = Model(self.world)
        self.open: list[Link] = []
        self.free = list(USERS)
        # Every frame that a client sent, as a command where it is one: the model counts them.
        self.sent: dict[Link, list[Command | None]] = {}
        # Where a client cannot tell which command an answer is for, and says so: see below.
        self.confused: set[Link] = set()

    # Clients

    @precondition(lambda self: self.free)
    @rule(target=links)
    def connect(self) -> Link:
        """A user connects; for each there is one connection at a time."""
        link = self.hub.connect(self.free.pop(0))
        self.model.connect(link)
        self.open.append(link)
        self.sent[link] = []
        return link

    @rule(link=links, verb=st.sampled_from(["join", "join", "leave", "send"]), room=ROOMS)
    def command(self, link: Link, verb: str, room: str) -> None:
        """A client says something, if the rules let it; it need not wait for answers."""
        self.say(link, verb, room, "a")

    @rule(link=links, room=ROOMS, text=st.sampled_from(["", "a", "a", "b", "abc", "abcd"]))
    def send(self, link: Link, room: str, text: str) -> None:
        """The same words come often: echoes must still find their commands."""
        self.say(link, "send", room, text)

    def say(self, link: Link, verb: str, room: str, text: str) -> None:
        """Say it, or hold that the client's own rules forbid it and nothing has changed."""
        before = dict(link.client.rooms), link.client.unanswered
        arguments = (room, text) if verb == "send" else (room,)
        try:
            frame = getattr(link.client, verb)(*arguments)
        except LocalProtocolError:
            assert (dict(link.client.rooms), link.client.unanswered) == before
            at = link.client.rooms.get(Room(room), RoomState.OUTSIDE)
            assert at in (RoomState.ENTERING, RoomState.LEAVING) or (verb, at) == (
                "send",
                RoomState.OUTSIDE,
            )
        else:
            link.to_server.append(frame)
            self.sent[link].append(link.client.unanswered[-1])

    @rule(link=links, room=ROOMS, text=st.sampled_from(["a", "abcd"]))
    def send_without_asking(self, link: Link, room: str, text: str) -> None:
        """A client of another make sends to rooms that it is not in."""
        link.to_server.append(json.dumps({"command": "send", "room": room, "message": text}))
        self.sent[link].append(None)
        self.confused.add(link)

    @rule(link=links, junk=st.sampled_from(NO_FRAMES))
    def send_junk(self, link: Link, junk: str) -> None:
        """Or what is no frame at all."""
        link.to_server.append(junk)
        self.sent[link].append(None)
        self.confused.add(link)

    @rule(link=consumes(links))
    def disconnect(self, link: Link) -> None:
        """A connection ends, whatever is still on the way."""
        self.drop(link)

    def drop(self, link: Link) -> None:
        """End a connection; its user may connect again."""
        if link in self.open:
            self.hub.disconnect(link)
            self.model.disconnect(link)
            self.open.remove(link)
            self.free.append(link.user)

    # Time, and what is on the way

    @rule(link=links, most=st.integers(1, 5))
    def server_takes(self, link: Link, most: int) -> None:
        """Some frames arrive at the server."""
        for _ in range(min(most, len(link.to_server))):
            if link not in self.open:
                break
            text = link.to_server[0]
            self.hub.take(link)
            self.model.take(link, text)
            assert (link.close_code is not None) == self.model.is_closed(link)
            if link.close_code is not None:
                assert link.close_code == CloseCode.POLICY_VIOLATION
                self.drop(link)

    @rule(link=links, most=st.integers(1, 5))
    def client_takes(self, link: Link, most: int) -> None:
        """Some frames arrive at the client."""
        for _ in range(min(most, len(link.to_client))):
            due = self.model.due(link).popleft()
            text = link.to_client.popleft()
            unanswered = list(link.client.unanswered)

            event = link.client.receive_text(text)

            assert not isinstance(event, Ignored | Violation), text
            self.check_answer(link, event, due.answers, unanswered)

    def check_answer(
        self, link: Link, event: Received, answers: int | None, unanswered: list[Command]
    ) -> None:
        """
        Hold that the client knows which command was answered.

        There are two exceptions, both documented. Being put out of a room while a ``leave``
        of it is on the way looks like the answer. And what the client core did not send, it
        cannot know of. From then on until all is answered an error may go astray.
        """
        truth = None if answers is None else self.sent[link][answers]
        if event.answers is not None and answers is None:
            assert getattr(event.frame, "room", None) == event.answers.room_id
            self.confused.add(link)
        elif link not in self.confused:
            assert event.answers == truth
        # Never two answers to one command.
        left = list(unanswered)
        if event.answers is not None:
            left.remove(event.answers)
        assert list(link.client.unanswered) == left

    @rule(seconds=st.integers(1, 4))
    def time_passes(self, seconds: int) -> None:
        """The buckets fill."""
        self.world.now += seconds

    # Rights

    @rule(room=st.sampled_from(["1", "2", "3"]))
    def change_room(self, room: str) -> None:
        """A room becomes a staff room, or one for everybody."""
        self.world.staff_only ^= {room}

    @rule(room=st.sampled_from(["1", "2", "3"]))
    def delete_or_add_room(self, room: str) -> None:
        """A room is deleted, or comes back under another title."""
        if room in self.world.titles:
            del self.world.titles[room]
        else:
            self.world.titles[room] = f"new {room}"

    @rule(user=st.sampled_from(USERS))
    def change_user(self, user: str) -> None:
        """A user becomes staff, or is staff no more."""
        self.world.staff ^= {user}

    @rule(link=links)
    def log_out(self, link: Link) -> None:
        """An account is deactivated, or works again."""
        self.world.logged_out ^= {link.user}
        link.server.username = None if link.user in self.world.logged_out else link.user

    @rule()
    def apply_rights(self) -> None:
        """The server notices; until then nobody is put out, but commands are refused."""
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
TestConversation.settings = settings(max_examples=100, stateful_step_count=60)
