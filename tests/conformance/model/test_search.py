"""The whole way against the small server: found, made short, told three times, saved, replayed."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import trio

from multichat_conformance.catalogue import Check, find
from multichat_conformance.events import CheckFinished
from multichat_conformance.model import playing, programs, search
from multichat_conformance.model.replay import StoryError, replay
from multichat_conformance.model.story import Step, Story, read_story, write_story
from multichat_conformance.outcomes import Outcome
from multichat_conformance.running import Options, Run
from multichat_conformance.target import Target
from tests.conformance.small_server import frames
from tests.conformance.small_server.commands import Commands
from tests.conformance.small_server.hall import Hall, Member
from tests.conformance.small_server.reading import Command, Reading
from tests.conformance.small_server.store import Account
from tests.conformance.small_server.threaded import served

INTERLEAVED = "model.rooms-interleaved"
CLOSED_LOOP = "model.rooms-in-closed-loop"
WELL_FORMED = "fuzz.well-formed-commands-are-carried-out"
NEAR_VALID = "fuzz.near-valid-frames-get-their-answer"


pytestmark = pytest.mark.slow

Budget = search.Budget
FEW, MANY = 10, 400


@pytest.fixture(autouse=True)
def counted(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> None:
    """Let numbers of programs decide, not the clock: the same on any machine."""
    most = FEW if "correct" in request.node.name else MANY

    def budget(quick: float, deep: float) -> search.Budget:
        return Budget(quick * 1000, deep * 1000, shrinking=60, most=most)

    monkeypatch.setattr(search, "Budget", budget)


def look_up(name: str) -> Check:
    check = find(name)
    assert check is not None
    return check


@contextmanager
def judged(target: Target, stories: Path, *, seed: int = 3) -> Iterator[Run]:
    options = Options(seed=seed, stories=stories, patience=2.0)
    run = Run(target, options, lambda _: None, asked_as=("--target", "small.toml"))
    assert run.begin([]), run.trouble
    yield run
    run.finish()


def play(name: str, parts: tuple[type, ...], folder: Path, *, seed: int = 3) -> CheckFinished:
    with served(parts) as target, judged(target, folder, seed=seed) as run:
        return run.play(look_up(name))


@pytest.mark.parametrize("name", [CLOSED_LOOP, INTERLEAVED, WELL_FORMED, NEAR_VALID])
def test_the_correct_server_passes(name: str, tmp_path: Path) -> None:
    result = play(name, (), tmp_path)

    assert (result.outcome, result.reason) == (Outcome.PASS, "")
    assert result.notes[0].endswith("(quick), seed 3")
    assert list(tmp_path.iterdir()) == []


class LeavingOneOfTwoRoomsLeavesBoth(Hall):
    """Only who is in two rooms, and leaves one that others are in, sees it."""

    def leave(self, room: int, member: Member) -> None:
        others = [one for one in self.members(room) if one is not member]
        super().leave(room, member)
        if others:
            for other in self.rooms_of(member):
                self.remove(other, member)


class AThirdSenderIsNotHeardByTheFirst(Hall):
    """Loses what a third connection says for whoever spoke first."""

    def __init__(self) -> None:
        super().__init__()
        self.spoke: dict[int, list[Member]] = {}

    def hearers(self, room: int, sender: Member) -> list[Member]:
        present = self.members(room)
        spoke = [one for one in self.spoke.get(room, []) if one in present]
        self.spoke[room] = spoke
        if sender not in spoke:
            spoke.append(sender)
        hearers = super().hearers(room, sender)
        if len(spoke) > 2 and sender is spoke[2] and room < 3:
            return [one for one in hearers if one is not spoke[0]]
        return hearers


class RefusedJoinsEndAMembership(Commands):
    """A join of a room that does not exist takes the connection out of the room it is in."""

    def join(self, connection: object, command: Command) -> None:
        if self.store.room(command.room) is None:
            for room in self.hall.rooms_of(connection):  # type: ignore[arg-type]  # is a member
                self.hall.remove(room, connection)  # type: ignore[arg-type]  # is a member
        super().join(connection, command)  # type: ignore[arg-type]  # is a connection


@pytest.mark.parametrize(
    ("fault", "name"),
    [
        (LeavingOneOfTwoRoomsLeavesBoth, INTERLEAVED),
        (AThirdSenderIsNotHeardByTheFirst, CLOSED_LOOP),
        (RefusedJoinsEndAMembership, INTERLEAVED),
    ],
)
def test_what_no_fixed_story_tells_is_found(fault: type, name: str, tmp_path: Path) -> None:
    result = play(name, (fault,), tmp_path)

    assert result.outcome is Outcome.FAIL, result.notes
    assert result.failed_of == (3, 3)
    (file,) = tmp_path.iterdir()
    story = read_story(file)
    assert len(story.steps) <= 8, story.words()
    assert set(story.words()) <= set(result.notes)
    assert result.repeat == f"multichat conformance replay {file} --target small.toml"


def test_a_saved_story_replays_and_is_mended(tmp_path: Path) -> None:
    fault = (RefusedJoinsEndAMembership,)
    play(CLOSED_LOOP, fault, tmp_path)
    (file,) = tmp_path.iterdir()
    assert json.loads(file.read_text())["finding"]["clause"].startswith("MC1-")

    with served(fault) as target:
        again = replay(file, target, options=Options(patience=2.0))
    with served() as target:
        mended = replay(file, target)

    assert again.result is not None
    assert (again.result.outcome, again.result.failed_of) == (Outcome.FAIL, (3, 3))
    assert again.finished.exit_code == 1
    assert again.sentence.startswith("The story still fails (3 of 3 times): ")
    assert mended.result is not None
    assert mended.result.outcome is Outcome.PASS
    assert mended.finished.exit_code == 3
    assert mended.sentence.startswith("The story passes now")


def test_a_replay_says_what_the_target_lacks(tmp_path: Path) -> None:
    file = tmp_path / "story.json"
    steps = (Step("join", "alice", "H"),)
    write_story(Story(CLOSED_LOOP, "closed-loop", False, steps), file, about={})

    with served() as target:
        found = replay(file, target)

    assert found.result is not None
    assert found.result.outcome is Outcome.NOT_TESTED
    assert found.sentence == (
        "The story could not be judged: needs the room H; add [[rooms]] to the target file."
    )


class NamesAreKeptForAWhile(Hall):
    """Looks a name up again when it is old: MC1-AUTH-05 grants a second."""

    age = 0.8

    def __init__(self) -> None:
        super().__init__()
        self.names: dict[int, tuple[float, str]] = {}

    def name(self, account: Account) -> str:
        now = trio.current_time()
        since, name = self.names.get(id(account), (now, account.username))
        if now - since > self.age:
            since, name = now, account.username
        self.names[id(account)] = since, name
        return name

    def name_of(self, member: Member) -> str:
        return "" if member.account is None else self.name(member.account)

    def send(self, room: int, text: str, member: Member, account: Account) -> None:
        for each in self.hearers(room, member):
            each.say(self.message(room, text, self.name(account), frames.MESSAGE))


class NamesAreKept(NamesAreKeptForAWhile):
    """Never looks a name up again."""

    age = 1000.0


def renaming(*last: Step) -> Story:
    """Return a story in which somebody speaks just before and after being renamed."""
    send = Step("send", "alice", "A")
    steps = (Step("join", "alice", "A"), Step("join", "bob", "A"), send, Step("wait"))
    return Story(INTERLEAVED, "pipelined", True, (*steps, Step("rename", "alice"), send, *last))


def test_for_a_second_after_a_rename_either_name_will_do(tmp_path: Path) -> None:
    """MC1-AUTH-05; and the next story is not about it either."""
    file = tmp_path / "story.json"
    write_story(renaming(), file, about={})

    with served((NamesAreKeptForAWhile,)) as target:
        found = replay(file, target)

    assert found.result is not None
    assert found.result.outcome is Outcome.PASS, found.sentence


def test_long_after_a_rename_only_the_new_name_will_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(playing, "SEEN_WITHIN", -1000.0)
    file = tmp_path / "story.json"
    write_story(renaming(), file, about={})

    with served((NamesAreKept,)) as target:
        found = replay(file, target)

    assert found.result is not None
    assert found.result.outcome is Outcome.FAIL, found.sentence
    assert found.result.finding is not None
    assert found.result.finding.expected.count("username") == 1


def test_a_story_may_be_about_a_room_alone(tmp_path: Path) -> None:
    """Nobody is connected, and the rooms of the target stay."""
    file = tmp_path / "story.json"
    steps = (Step("delete-room", room="new"), Step("make-staff-room", room="A"))
    write_story(Story(INTERLEAVED, "pipelined", True, steps), file, about={})

    with served() as target:
        found = replay(file, target)

    assert found.result is not None
    assert found.result.outcome is Outcome.PASS


def test_texts_are_for_the_rooms_they_were_made_for(tmp_path: Path) -> None:
    file = tmp_path / "story.json"
    steps = (Step("text", "alice", text='{"command": "join", "room": "1"}'),)
    write_story(Story(NEAR_VALID, "closed-loop", True, steps, {"A": "17"}), file, about={})

    with served() as target:
        found = replay(file, target)

    assert found.result is not None
    assert "whose room A has the id 17" in found.result.reason


def test_a_story_of_an_unknown_check_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "story.json"
    write_story(Story("join.open-room-is-joined", "closed-loop", False, ()), file, about={})

    with served() as target, pytest.raises(StoryError, match="no check"):
        replay(file, target)


def test_no_target_no_verdict(tmp_path: Path) -> None:
    file = tmp_path / "story.json"
    write_story(Story(CLOSED_LOOP, "closed-loop", False, ()), file, about={})
    with served() as target:
        pass

    found = replay(file, target)

    assert found.result is None
    assert found.sentence.startswith("The run was given up")


# Frames.


class ZerosInFront(Reading):
    """Reads "01" as 1."""

    def room(self, value: object) -> int:
        if isinstance(value, str) and value.startswith("0") and value[1:].isdecimal():
            value = value.lstrip("0") or "0"
        return super().room(value)


class TrimsTexts(Hall):
    """Takes white space off the ends of texts."""

    def message(self, room: int, text: str | None, username: str, msg_type: int) -> frames.Frame:
        return super().message(room, text and text.strip(), username, msg_type)


def test_an_alias_of_a_room_is_found_and_alone(tmp_path: Path) -> None:
    result = play(NEAR_VALID, (ZerosInFront,), tmp_path)

    assert result.outcome is Outcome.FAIL, result.notes
    (file,) = tmp_path.iterdir()
    texts = [step.text for step in read_story(file).steps if step.do == "text"]
    assert len(texts) == 1
    assert '"0' in texts[0]
    assert result.finding is not None
    assert result.finding.clause == "MC1-ROOM-03"


def test_a_changed_text_is_found(tmp_path: Path) -> None:
    result = play(WELL_FORMED, (TrimsTexts,), tmp_path)

    assert result.outcome is Outcome.FAIL, result.notes
    assert result.finding is not None
    assert result.finding.clause == "MC1-SEND-04"


def test_what_the_target_offers_decides_what_is_made_up() -> None:
    with served() as target:
        run = Run(target, Options(), lambda _: None)
        offers = programs.Offers.of(run.context)

    assert offers.roles == ("alice", "bob", "carol", "dave")
    assert offers.rooms == {"A": "1", "B": "2", "staff": "3"}
    assert "delete_room" in offers.hooks
