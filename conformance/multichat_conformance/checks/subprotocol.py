"""subprotocol: section 2.2 of the specification."""

from multichat_conformance.actors import RawActor
from multichat_conformance.catalogue import check
from multichat_conformance.stage import Stage
from multichat_conformance.variants import variant

OURS = "multichat.v1"
HEADER = "Sec-WebSocket-Protocol"


@check(
    "MC1-HAND-08",
    visitor=True,
    cause="The server insists on a subprotocol, or names one that nobody asked for.",
)
async def client_without_a_subprotocol_is_served(stage: Stage) -> None:
    """A client that offers no subprotocol is served, and is given none."""
    visitor = await _offering(stage)

    _has_selected(visitor)
    await stage.is_served(visitor)


@check(
    "MC1-HAND-09",
    visitor=True,
    cause="The server echoes the first offer instead of looking for its own.",
)
async def only_the_protocols_own_name_is_selected(stage: Stage) -> None:
    """Of what a client offers, the server selects the protocol's own name or nothing."""
    offers = {
        "the name alone": (OURS,),
        "the name first": (f"{OURS}, foo",),
        "the name last": (f"foo,bar , {OURS}",),
        "the name on a line of its own": ("foo", OURS),
    }
    for name, lines in offers.items():
        with variant(name):
            visitor = await _offering(stage, *lines)

            _has_selected(visitor, OURS)
            await stage.is_served(visitor, clause="MC1-HAND-09")


@check(
    "MC1-HAND-09",
    "MC1-HAND-10",
    visitor=True,
    cause="Names are compared by their beginning or without their case.",
)
async def names_that_look_alike_are_not_selected(stage: Stage) -> None:
    """Another version and another case are other subprotocols."""
    for offer in ("multichat.v2", "multichat.v10", "MULTICHAT.V1", "multichat"):
        with variant(f"offer of {offer}"):
            visitor = await _offering(stage, offer)

            _has_selected(visitor)
            await stage.is_served(visitor, clause="MC1-HAND-10")


@check(
    "MC1-HAND-10",
    "MC1-HAND-09",
    visitor=True,
    cause="The server refuses a handshake with no offer that it knows.",
)
async def unknown_offers_are_served_as_none(stage: Stage) -> None:
    """A client whose offers are all unknown is served as one that offered none."""
    for lines in (("foo",), ("foo, bar",), ("graphql-ws", "mqtt")):
        with variant(f"offer of {' and '.join(lines)}"):
            visitor = await _offering(stage, *lines)

            _has_selected(visitor)
            await stage.is_served(visitor, clause="MC1-HAND-10")


async def _offering(stage: Stage, *lines: str) -> RawActor:
    headers = [(HEADER, line) for line in lines]
    response = await stage.handshake(role=stage.visitor, headers=headers)
    stage.expect(
        response.status == 101,
        f"a handshake that offers {' and '.join(lines) or 'nothing'} was not accepted",
        expected="status 101",
        got=str(response),
    )
    return await stage.raw(stage.visitor, headers=headers)


def _has_selected(actor: RawActor, *wanted: str) -> None:
    selected = actor.response.headers.get(HEADER.lower())
    if selected is not None and selected not in wanted:
        actor.blame(
            "MC1-HAND-09",
            f"{actor.name}'s handshake was answered with another subprotocol than it may be",
            " or ".join([*(f"{HEADER}: {name}" for name in wanted), "none"]),
            f"{HEADER}: {selected}",
        )
