"""An actor: sorts what it hears, takes it in order, and says what it missed."""

import json
from collections.abc import Awaitable, Callable

import pytest
import trio
from trio.testing import MockClock, wait_all_tasks_blocked

from multichat_conformance.actors import hearing
from multichat_conformance.actors.actor import Ended
from multichat_conformance.commands import join, send
from multichat_conformance.events import Finding
from multichat_conformance.findings import Violation
from multichat_conformance.patterns import Enter, Error, Exit, Joined, Left, Said, Stream
from tests.conformance.puppet import Puppet, backdrop

JOINED = '{"join": "1", "title": "room 1"}'
LEFT = '{"leave": "1"}'
DENIED = '{"error": "ROOM_ACCESS_DENIED"}'
NO_ROOM = '{"error": "ROOM_INVALID"}'
NO_FRAME = '{"error": "FRAME_INVALID"}'


def said(text: str, by: str = "bob", *, room: str = "1", msg_type: int = 0) -> str:
    return json.dumps({"room": room, "message": text, "username": by, "msg_type": msg_type})


def came(who: str, *, room: str = "1", msg_type: int = 4) -> str:
    return json.dumps({"room": room, "message": None, "username": who, "msg_type": msg_type})


async def finding_of(step: Callable[[], Awaitable[object]]) -> Finding:
    with pytest.raises(Violation) as caught:
        await step()
    return caught.value.finding


async def test_what_it_hears_is_sorted_and_taken_in_order() -> None:
    alice = Puppet()
    for text in (came("bob"), said("one"), JOINED, said("two"), LEFT, came("bob", msg_type=5)):
        alice.heard_text(text)

    await alice.receives(Said("1", "one", "bob"))
    await alice.receives(Enter("1", "bob"))
    await alice.receives(Joined("1"))
    await alice.receives(Said("1", "two", "bob"))
    await alice.receives(Exit("1", "bob"))
    await alice.receives(Left("1"))

    assert not alice.waiting()
    assert [received.place for received in alice.history] == [0, 1, 2, 3, 4, 5]


async def test_another_frame_than_expected_ends_the_story() -> None:
    alice = Puppet()
    alice.heard_text(said("two"))
    alice.heard_text(said("one"))

    finding = await finding_of(
        lambda: alice.receives(Said("1", "one", "bob"), clause="MC1-ORDER-03")
    )

    assert finding.clause == "MC1-ORDER-03"
    assert finding.actor == "alice"
    assert '"two"' in finding.summary
    assert finding.got == said("two")


async def test_what_does_not_come_is_waited_for_and_then_missed(autojump_clock: MockClock) -> None:
    alice = Puppet(shared=backdrop(patience=7.0))

    finding = await finding_of(lambda: alice.receives(Left("1")))

    assert autojump_clock.current_time() == pytest.approx(7.0)
    assert finding.clause == "MC1-SEND-01"  # the story's own
    assert (finding.expected, finding.got) == ('{"leave": "1"}', "nothing of that kind")


async def test_what_comes_later_is_taken_when_it_comes(autojump_clock: MockClock) -> None:
    alice = Puppet()

    async with trio.open_nursery() as nursery:
        nursery.start_soon(alice.receives, Left("1"))
        await wait_all_tasks_blocked()
        alice.heard_text(said("something else"))
        await wait_all_tasks_blocked()
        alice.heard_text(LEFT)

    assert autojump_clock.current_time() < 1.0


async def test_the_end_of_the_connection_ends_a_wait() -> None:
    alice = Puppet()
    alice.heard_end(Ended(1011, "an error"))
    alice.heard_end(Ended(None))

    finding = await finding_of(lambda: alice.take(Stream.ANSWERS))

    assert finding.got == "a close frame with code 1011 (an error)"
    assert alice.rooms == set()


async def test_a_bad_frame_ends_the_story_at_the_next_step() -> None:
    alice = Puppet()
    alice.heard_text("{}")
    alice.heard_text(LEFT)

    finding = await finding_of(lambda: alice.receives(Left("1")))

    assert finding.clause == "MC1-FRAME-05"
    with pytest.raises(Violation, match="none of the four kinds"):
        alice.raise_fault()


async def test_a_binary_message_is_a_fault() -> None:
    alice = Puppet()
    alice.heard_binary(b"\x00")

    with pytest.raises(Violation, match="a binary message of 1 bytes"):
        alice.raise_fault()


async def test_a_flood_is_a_fault_and_not_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hearing, "MOST_FRAMES", 3)
    alice = Puppet()
    for _ in range(5):
        alice.heard_text(LEFT)

    assert len(alice.history) == 3
    with pytest.raises(Violation, match="more frames than any story asks for"):
        alice.raise_fault()


async def test_other_people_are_set_aside_but_not_with_words_of_the_story() -> None:
    alice = Puppet()
    alice.heard_text(said("hello", "mallory"))
    alice.heard_text(came("mallory"))
    alice.heard_text(said("mark-7", "mallory"))

    assert [received.text for received in alice.waiting()] == [said("mark-7", "mallory")]
    assert alice.backdrop.strangers == {"mallory"}
    assert list(alice.backdrop.aside) == ["what 'mallory' did, who is not of the suite"]
    # A story that looks at all that it heard, in order, sees none of it either.
    assert [(one.text, one.place) for one in alice.history] == [(said("mark-7", "mallory"), 0)]


async def test_nobody_is_a_stranger_in_a_room_that_was_made_for_the_story() -> None:
    """A name that nobody has can only be of the server's making there."""
    alice = Puppet()
    alice.backdrop.made_rooms.add("1")
    alice.heard_text(came("AnonymousUser"))

    assert len(alice.waiting(Stream.ANNOUNCEMENTS)) == 1


async def test_what_the_server_says_on_its_own_account_is_set_aside() -> None:
    """Greetings of further types are allowed (MC1-TYPE-03), and the report mentions them."""
    alice = Puppet()
    alice.heard_text(said("welcome, alice", "alice", msg_type=3))
    alice.heard_text(said("mark-8", "alice", msg_type=3))

    assert [received.text for received in alice.waiting()] == [said("mark-8", "alice", msg_type=3)]
    assert list(alice.backdrop.aside) == ["messages of type 3 that no story asked for"]


async def test_a_room_that_nobody_named_is_set_aside() -> None:
    """A server may put one into a lobby unasked (MC1-MEMB-04), where the others come, too."""
    alice = Puppet()
    alice.heard_text('{"join": "77", "title": "lobby"}')
    alice.heard_text(came("bob", room="77"))
    alice.heard_text(came("bob"))

    assert [received.text for received in alice.waiting()] == [came("bob")]
    assert alice.rooms == set()
    assert list(alice.backdrop.aside) == ["memberships of room 77 that began unasked"]


async def test_a_room_that_a_command_named_is_not_set_aside() -> None:
    alice = Puppet(['{"join": "78", "title": "room"}'])
    await alice.ask(join("78"))

    assert alice.rooms == {"78"}


async def test_an_answer_is_known_by_its_room() -> None:
    """What comes unasked of another room stays for who asks for it (MC1-CLIENT-05)."""
    alice = Puppet([LEFT, '{"join": "2", "title": "t"}'], [JOINED, DENIED])

    answer = await alice.ask(join("2"))
    assert answer.frame["join"] == "2"
    refusal = await alice.ask(join("2"))
    assert "error" in refusal.frame

    assert [received.text for received in alice.waiting()] == [LEFT, JOINED]


async def test_an_answer_for_another_room_is_found(autojump_clock: MockClock) -> None:
    alice = Puppet([JOINED], shared=backdrop(patience=7.0))

    finding = await finding_of(lambda: alice.join("2"))

    assert (finding.expected, finding.got) == ('{"join": "2"}', JOINED)
    assert autojump_clock.current_time() == 7.0


async def test_who_comes_to_the_fence_is_set_aside_unless_the_story_is_about_it() -> None:
    alice = Puppet()
    alice.heard_text(came("bob", room="9"))
    assert not alice.waiting()

    alice.backdrop.story_rooms.add("9")
    alice.heard_text(came("bob", room="9"))
    assert len(alice.waiting(Stream.ANNOUNCEMENTS)) == 1


async def test_it_knows_its_rooms_and_leaves_them() -> None:
    alice = Puppet([JOINED], ['{"join": "2", "title": "t"}'], [LEFT], ['{"leave": "2"}'])

    await alice.join("1")
    await alice.join("2")
    assert alice.rooms == {"1", "2"}
    await alice.leave_all()

    assert alice.rooms == set()
    assert [json.loads(text)["command"] for text in alice.sent] == ["join", "join"] + ["leave"] * 2


async def test_a_join_must_be_answered_by_its_own_joined() -> None:
    alice = Puppet(['{"join": "2", "title": "room 2"}'])

    finding = await finding_of(lambda: alice.join("1", clause="MC1-JOIN-02"))

    assert finding.clause == "MC1-JOIN-02"
    assert "a join of room 1" in finding.summary


async def test_a_refusal_must_have_one_of_the_codes() -> None:
    alice = Puppet([DENIED], [DENIED])

    await alice.is_refused(join("1"), "ROOM_INVALID", "ROOM_ACCESS_DENIED")
    finding = await finding_of(lambda: alice.is_refused(join("1"), "ROOM_INVALID"))

    assert finding.got == DENIED


async def test_it_says_something_and_takes_its_own_message_alone() -> None:
    alice = Puppet([said("other"), said("hi", "alice", room="2"), said("hi", "alice")])

    assert await alice.says("1", "hi") == "hi"

    assert [received.text for received in alice.waiting()] == [
        said("other"),
        said("hi", "alice", room="2"),
    ]


@pytest.mark.parametrize(
    "answer", [DENIED, said("hi", "bob"), said("hi", "alice", msg_type=1)], ids=str
)
async def test_its_own_message_must_be_its_own(answer: str) -> None:
    alice = Puppet([answer])

    finding = await finding_of(lambda: alice.says("1", "hi"))

    assert finding.got == answer


async def test_it_meets_a_text_wherever_it_stands(autojump_clock: MockClock) -> None:
    alice = Puppet()
    for text in ("one", "two", "three"):
        alice.heard_text(said(text))

    await alice.meets("two", "1")

    assert [received.frame["message"] for received in alice.waiting()] == ["one", "three"]
    finding = await finding_of(lambda: alice.meets("four", "1", clause="MC1-ERR-10"))
    assert finding.clause == "MC1-ERR-10"
    assert autojump_clock.current_time() == pytest.approx(5.0)


async def test_it_takes_what_comes_in_time_and_blames_nobody(autojump_clock: MockClock) -> None:
    alice = Puppet()
    assert await alice.take_within(1.0, Stream.ANSWERS) is None
    assert autojump_clock.current_time() == pytest.approx(1.0 + alice.backdrop.grace)

    alice.heard_text(LEFT)
    taken = await alice.take_within(1.0, Stream.ANSWERS)
    alice.heard_end(Ended(1000))

    assert taken is not None
    assert taken.text == LEFT
    assert await alice.take_within(1.0, Stream.ANSWERS) is None


async def test_it_pipelines_without_a_look_at_answers() -> None:
    alice = Puppet([DENIED], [DENIED])

    await alice.pipeline(send("1", "one"), send("1", "two"))

    assert [json.loads(text)["message"] for text in alice.sent] == ["one", "two"]
    assert len(alice.waiting()) == 2


# One error, shown by a fence.


async def test_one_error_before_the_fence_is_right() -> None:
    alice = Puppet([NO_FRAME], [DENIED])

    await alice.gets_one_error("hello", "FRAME_INVALID")

    assert json.loads(alice.sent[1]) == {"command": "send", "room": "-1", "message": ""}


async def test_the_fence_is_of_another_kind_where_its_error_is_expected() -> None:
    alice = Puppet([DENIED], [NO_ROOM])

    await alice.gets_one_error(json.dumps(send("1", "?")), "ROOM_ACCESS_DENIED")

    assert json.loads(alice.sent[1]) == {"command": "join", "room": "-1"}


async def test_the_fence_of_nobody_is_answered_as_nobody_is() -> None:
    nobody = Puppet([DENIED], ['{"error": "USER_HAS_TO_LOGIN"}'], name="nobody", anonymous=True)

    await nobody.gets_one_error(json.dumps(send("1", "?")), "ROOM_ACCESS_DENIED")


async def test_no_error_before_the_fence_is_a_finding() -> None:
    alice = Puppet([], [DENIED], [NO_ROOM])

    finding = await finding_of(
        lambda: alice.gets_one_error("hello", "FRAME_INVALID", clause="MC1-JSON-01")
    )

    assert finding.clause == "MC1-JSON-01"
    assert finding.summary == "alice got no answer to hello"


async def test_another_error_before_the_fence_is_a_finding() -> None:
    alice = Puppet([NO_ROOM], [DENIED])

    finding = await finding_of(lambda: alice.gets_one_error("hello", "FRAME_INVALID"))

    assert (finding.expected, finding.got) == (str(Error("FRAME_INVALID")), NO_ROOM)


async def test_an_error_like_the_fences_is_not_taken_for_none() -> None:
    alice = Puppet([DENIED], [DENIED], [NO_ROOM])

    finding = await finding_of(lambda: alice.gets_one_error("hello", "FRAME_INVALID"))

    assert finding.got == DENIED


async def test_two_errors_before_the_fence_are_a_finding() -> None:
    alice = Puppet([NO_FRAME, NO_FRAME], [DENIED])

    finding = await finding_of(lambda: alice.gets_one_error("hello", "FRAME_INVALID"))

    assert finding.summary == "alice got 2 answers to hello"


async def test_a_target_without_order_gets_a_quiet_window(autojump_clock: MockClock) -> None:
    alice = Puppet([NO_FRAME], [DENIED], shared=backdrop(keeps_order=False))

    await alice.gets_one_error("hello", "FRAME_INVALID")

    assert autojump_clock.current_time() == pytest.approx(alice.backdrop.round_trips.quiet)


# The end of a connection.


async def test_the_end_must_have_one_of_the_codes() -> None:
    alice = Puppet()
    alice.heard_end(Ended(1008))

    assert (await alice.is_closed()).code == 1008
    assert (await alice.is_closed(1002, 1008)).code == 1008
    finding = await finding_of(lambda: alice.is_closed(1002, None))
    assert (finding.expected, finding.got) == (
        "1002 or no close frame",
        "a close frame with code 1008",
    )


async def test_an_end_that_is_bounded_is_waited_for_as_long(autojump_clock: MockClock) -> None:
    alice = Puppet()

    finding = await finding_of(lambda: alice.is_closed(1008, within=60.0))

    assert autojump_clock.current_time() == pytest.approx(60.0 + alice.backdrop.grace)
    assert "the end of the connection (1008) within 60 s" in finding.expected


async def test_who_was_renamed_is_known_by_both_names() -> None:
    alice = Puppet()
    alice.is_now_called("alicia")
    alice.heard_text(said("one", "alice"))
    alice.heard_text(said("two", "alicia"))

    assert alice.username == "alicia"
    assert len(alice.waiting()) == 2
