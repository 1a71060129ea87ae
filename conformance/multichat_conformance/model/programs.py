"""
The stories that hypothesis makes up.

A story is drawn step by step from a small cast and few rooms, so that the steps concern each
other. What a target does not offer (accounts, a staff room, hooks) is never drawn.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, SearchStrategy

from multichat_conformance.context import Context
from multichat_conformance.fuzz import frames
from multichat_conformance.fuzz.reading import is_well_formed, meanings_of
from multichat_conformance.model.settling import rooms_of
from multichat_conformance.model.story import HOOKS, Pace, Step, Story
from multichat_conformance.target.model import Limits

__all__ = ["Offers", "fuzzed", "programs"]

MOST_COMMANDS: Final = 16
"""Of one connection in one story. With what the suite itself sends on it they are fewer than the
32 that every hardened server takes at once (MC1-LIMIT-06)."""

_LISTS: Final = 3

_FENCE_AND_ONE: Final = 2

_REVOKING: Final = ("make-staff-room", "make-plain", "deactivate", "delete-room")


@dataclass(frozen=True, slots=True)
class Offers:
    """
    What a target offers to stories.

    Attributes:
        roles: Who can take part.
        rooms: Labels and ids of the rooms that stories may use.
        hooks: The hooks' names.
        limits: What the server states.

    """

    roles: tuple[str, ...]
    rooms: dict[str, str]
    hooks: frozenset[str] = frozenset()
    limits: Limits = field(default_factory=Limits)

    @classmethod
    def of(cls, context: Context) -> "Offers":
        """Return what the target of a run offers."""
        rooms = rooms_of(context.target.rooms)
        limit = context.target.limits.rooms_per_connection
        # The room for fences is one more, and so is one that a hook makes.
        most = max(1, int(limit) - _FENCE_AND_ONE) if limit else len(rooms)
        few = dict(list(rooms.items())[:2])
        if "staff" in rooms:
            few["staff"] = rooms["staff"]
        return cls(
            roles=tuple(context.cast()),
            rooms={label: room.id for label, room in list(few.items())[:most]},
            hooks=context.target.hooks.names,
            limits=context.target.limits,
        )


def programs(
    check: str, pace: Pace, offers: Offers, *, longest: int, revoking: bool
) -> SearchStrategy[Story]:
    """
    Return stories for a target.

    Args:
        check: The check's id.
        pace: Closed loop is core, pipelined is hardened.
        offers: What the target offers.
        longest: The most steps of a story.
        revoking: Whether hooks may take access away.

    """

    @st.composite
    def story(draw: DrawFn) -> Story:
        cast = _cast(draw, offers)
        rooms = _rooms(draw, offers, revoking=revoking)
        phrase = _phrases(cast, rooms, pace, offers, revoking)
        steps: list[Step] = []
        if draw(st.booleans()):
            # Most of what can go wrong goes wrong where several are in one room.
            steps += [Step("join", who, rooms[0]) for who in cast]
            steps += [Step("wait")] * (pace == "pipelined")
        for _ in range(_LISTS):
            # A list comes out at five or so, however long it may be.
            for some in draw(st.lists(phrase, max_size=longest)):
                steps += some
        return Story(check, pace, pace == "pipelined", _bounded(steps[:longest]), offers.rooms)

    return story()


def _cast(draw: DrawFn, offers: Offers) -> list[str]:
    everybody = [*offers.roles, *(f"{role}-2" for role in offers.roles[:2])]
    # Two are the fewest between whom anything can go wrong, and most mistakes need no more.
    most = draw(st.integers(min(2, len(everybody)), len(everybody)))
    if draw(st.booleans()) and len(everybody) > most:
        # The second connection of a user instead of one user more.
        return [*everybody[: most - 1], everybody[len(offers.roles)]]
    return everybody[:most]


def _rooms(draw: DrawFn, offers: Offers, *, revoking: bool) -> list[str]:
    labels = [*offers.rooms]
    most = draw(st.integers(1, len(labels)))
    rooms = labels[:most]
    makes = {"create_room", "delete_room"} <= offers.hooks
    if revoking and makes and draw(st.integers(0, 7)) == 7:
        rooms[-1] = "new"
    return rooms


def _phrases(
    cast: Sequence[str], rooms: Sequence[str], pace: Pace, offers: Offers, revoking: bool
) -> SearchStrategy[list[Step]]:
    """Return a step, or some that belong together."""
    who, room = st.sampled_from(cast), st.sampled_from(rooms)
    strange = st.sampled_from([*rooms, "nowhere"])
    joins = st.builds(Step, st.just("join"), who, room)
    sends = st.builds(Step, st.just("send"), who, room)
    kinds: list[SearchStrategy[Step]] = [
        joins,
        sends,
        sends if pace == "closed-loop" else st.just(Step("wait")),
        joins,
        st.builds(Step, st.just("leave"), who, room),
        sends,
        st.builds(Step, st.sampled_from(("join", "send", "leave")), who, strange),
        st.builds(Step, st.sampled_from(("close", "reset", "half-close", "connect")), who),
    ]
    users = st.sampled_from(sorted({one.partition("-")[0] for one in cast}))
    pulled: list[SearchStrategy[Step]] = []
    if "rename_user" in offers.hooks and revoking:
        pulled.append(st.builds(Step, st.just("rename"), users))
    for do in _REVOKING if revoking else ():
        if HOOKS[do] not in offers.hooks or (do == "delete-room" and "new" not in rooms):
            continue
        if do in ("make-plain", "deactivate"):
            someone = st.just("dave") if do == "make-plain" else users
            if do == "deactivate" or "dave" in cast:
                pulled.append(st.builds(Step, st.just(do), someone))
        else:
            label = st.just("new") if do == "delete-room" else st.sampled_from(_open(rooms))
            pulled.append(st.builds(Step, st.just(do), room=label))
    if pulled:
        # Hooks are slow, and what they do lasts: one in a while.
        kinds.append(
            st.integers(0, 4).flatmap(lambda one: st.one_of(pulled) if one == 4 else joins)
        )
    one = st.sampled_from(range(len(kinds))).flatmap(lambda place: kinds[place])
    last_words = st.tuples(who, room, st.sampled_from(("close", "half-close", "reset"))).map(
        lambda drawn: [Step("send", drawn[0], drawn[1]), Step(drawn[2], drawn[0])]
    )
    alone = one.map(lambda step: [step])
    return st.integers(0, 15).flatmap(lambda drawn: last_words if drawn == 15 else alone)


def _open(rooms: Sequence[str]) -> list[str]:
    return [label for label in rooms if label not in ("staff", "new")] or ["A"]


def _bounded(steps: Sequence[Step]) -> tuple[Step, ...]:
    """Leave out what a connection would send beyond its number of commands."""
    count: Counter[str] = Counter()
    kept: list[Step] = []
    for step in steps:
        count[step.who] += 1
        if not step.who or count[step.who] <= MOST_COMMANDS:
            kept.append(step)
    return tuple(kept)


def fuzzed(check: str, offers: Offers, *, most: int, strict: bool) -> SearchStrategy[Story]:
    """
    Return stories in which somebody sends made-up frames while another is in the room.

    Args:
        check: The check's id.
        offers: What the target offers.
        most: The most frames of a story.
        strict: Whether the frames are almost valid; else they are well-formed.

    """
    sender = offers.roles[0]
    listener = offers.roles[1] if len(offers.roles) > 1 else f"{sender}-2"
    known = [id_ for label, id_ in offers.rooms.items() if label != "staff"] or ["1"]
    make = frames.near_valid if strict else frames.valid
    texts = make(rooms=[*known, "-1"])
    if not strict:
        texts = texts.filter(is_well_formed)
    # Two lists: one comes out at five or so, and connecting costs more than a frame.
    many = st.tuples(
        st.lists(texts, min_size=1, max_size=most), st.lists(texts, max_size=most)
    ).map(lambda drawn: _told_apart([*drawn[0], *drawn[1]][:most], offers.limits))

    def story(found: Sequence[str]) -> Story:
        first = [Step("join", listener, "A"), Step("join", sender, "A")]
        steps = [*first, *(Step("text", sender, text=text) for text in found)]
        return Story(check, "closed-loop", strict, tuple(steps), offers.rooms)

    return many.map(story)


def _told_apart(texts: Sequence[str], limits: Limits) -> list[str]:
    """Leave out what says the same again: what comes could not be told apart."""
    said: set[str] = set()
    kept: list[str] = []
    for text in texts:
        messages = {one.text for one in meanings_of(text, limits) if one.command == "send"}
        if not messages & said:
            kept.append(text)
            said |= messages
    return kept
