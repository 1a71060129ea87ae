"""Failing stories become short, in bounded time."""

from multichat_conformance.model.shrinking import shortened
from multichat_conformance.model.story import Step, Story

NOISE = [Step("connect", "carol")] * 7
CAUSE = [Step("join", "alice", "A"), Step("join", "bob", "A"), Step("send", "bob", "A")]


def story(steps: list[Step]) -> Story:
    return Story("model.x", "pipelined", True, tuple(steps))


def has_the_cause(one: Story) -> bool:
    left = iter(one.steps)
    return all(step in left for step in CAUSE)


def test_only_the_cause_is_left() -> None:
    long = story([*NOISE, CAUSE[0], *NOISE, CAUSE[1], *NOISE, CAUSE[2], *NOISE])

    assert shortened(long, has_the_cause).steps == tuple(CAUSE)


def test_it_takes_tens_of_tellings() -> None:
    told: list[Story] = []

    def fails(one: Story) -> bool:
        told.append(one)
        return has_the_cause(one)

    shortened(story([*NOISE, *CAUSE, *NOISE]), fails)

    assert len(told) < 40


def test_when_time_is_over_what_was_reached_is_kept() -> None:
    long = story([*NOISE, *CAUSE])
    told: list[Story] = []

    def fails(one: Story) -> bool:
        told.append(one)
        return has_the_cause(one)

    found = shortened(long, fails, lambda: len(told) >= 2)

    assert len(told) == 2
    assert has_the_cause(found)


def test_a_story_of_one_step_stays() -> None:
    one = story(CAUSE[:1])

    assert shortened(one, lambda _: True).steps == one.steps


def test_texts_become_plain_and_short() -> None:
    written = '{ "\\u0063ommand" : "join",\n "room" : "01", "x": [1, 2] }'
    one = story([Step("text", "alice", text=written)])

    def fails(some: Story) -> bool:
        text = some.steps[0].text
        return '"room"' in text and '"01"' in text and "command" in text.replace("\\u0063", "c")

    assert shortened(one, fails).steps[0].text == 'command"room"01"'


def test_what_fails_without_haste_is_told_without_haste() -> None:
    assert shortened(story(CAUSE), has_the_cause).pace == "closed-loop"
    assert shortened(story(CAUSE), lambda one: one.pace == "pipelined").pace == "pipelined"
