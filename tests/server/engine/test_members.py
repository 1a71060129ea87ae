"""What those who look after rooms see and do: who is where, and putting somebody out."""

from collections.abc import AsyncIterator

import pytest

from multichat_server.engine import Member

from . import wire
from .nodes import Node, handshake, running
from .test_connection import enter, left


@pytest.fixture
async def node() -> AsyncIterator[Node]:
    async with running() as node:
        yield node


def names(node: Node, room_id: int = 1) -> list[str]:
    return [member.username for member in node.engine.members(room_id)]


def number_of(node: Node, username: str, room_id: int = 1) -> int:
    (found,) = [m.connection for m in node.engine.members(room_id) if m.username == username]
    return found


async def test_members_are_those_who_are_in_the_room_by_name(node: Node) -> None:
    bob = await node.connect("bob", room="1")
    await node.connect("alice", room="1")
    await node.connect("alice", room="2")
    await node.connect("staff")
    await node.connect()

    assert names(node) == ["alice", "bob"]
    assert names(node, 2) == ["alice"]
    assert names(node, 3) == names(node, 99) == []
    assert node.engine.occupancy() == {1: 2, 2: 1}
    assert await bob.frame() == enter("alice")
    await bob.send(wire.leave("1"))
    assert await bob.frames(2) == [left("bob"), {"leave": "1"}]
    assert names(node) == ["alice"]


async def test_connections_of_one_user_are_told_apart(node: Node) -> None:
    for _ in range(2):
        await node.connect("alice", room="1")

    members = node.engine.members(1)

    assert [(member.user_id, member.username) for member in members] == [(1, "alice")] * 2
    assert len({member.connection for member in members}) == 2
    # Exact in JavaScript as well.
    assert all(0 <= member.connection < 2**53 for member in members)


async def test_a_member_is_known_by_the_name_of_now(node: Node) -> None:
    await node.connect("alice", room="1")

    node.accounts.change_user(1, username="al")
    await node.engine.refresh()

    assert names(node) == ["al"]


async def test_somebody_is_put_out(node: Node) -> None:
    """MC1-REVOKE-01 to -04: told by `leave`, announced to the others, connected still."""
    alice = await node.connect("alice", room="1")
    await alice.join("2")
    bob = await node.connect("bob", room="1")
    assert await alice.frame() == enter("bob")
    number = number_of(node, "alice")

    assert node.engine.put_out(1, number) == Member(number, 1, "alice")

    assert await alice.frame() == {"leave": "1"}
    assert await bob.frame() == left("alice")
    assert names(node) == ["bob"]
    await bob.say("gone?")
    await bob.hears("gone?")
    await alice.say("still here", "2")
    await alice.hears("still here")
    # Nothing keeps one from coming back.
    await alice.join("1")


async def test_only_one_who_is_there_is_put_out(node: Node) -> None:
    alice = await node.connect("alice", room="1")
    number = number_of(node, "alice")

    assert node.engine.put_out(2, number) is None
    assert node.engine.put_out(1, number + 1) is None
    assert node.engine.put_out(1, number) is not None
    assert node.engine.put_out(1, number) is None

    assert await alice.frame() == {"leave": "1"}
    await alice.join("1")


async def test_a_token_logs_in(node: Node) -> None:
    extra = "Authorization: Bearer bobs\r\n"
    peer, head = await node.ask(handshake("alice", extra=extra))
    assert head.startswith("HTTP/1.1 101 ")
    await peer.join("1")

    assert names(node) == ["bob"]


async def test_a_token_that_is_none_is_refused(node: Node) -> None:
    """A bot sees why, and must not go on as an anonymous client in silence."""
    peer, head = await node.ask(handshake("alice", extra="Authorization: Bearer unknown\r\n"))
    await peer.stream.send_eof()

    assert head.startswith("HTTP/1.1 401 ")
    assert "\r\nWWW-Authenticate: Bearer" in head


async def test_a_revoked_token_closes_its_connections(node: Node) -> None:
    """As a session that has ended does: MC1-REVOKE-06."""
    peer, _ = await node.ask(handshake(extra="Authorization: Bearer bobs\r\n"))
    await peer.join("1")

    node.accounts.end_session("Bearer bobs")
    await node.engine.refresh()

    assert await peer.frame() == (1008, "the session has ended")
    assert names(node) == []
