"""The tables of the core are those of ``state.json``."""

import pytest

from multichat_proto import RoomState
from multichat_proto.state import CLIENT_ROOM, GATES, REFUSALS
from multichat_spec import errors, state


def test_a_clients_room_moves_as_the_specification_says() -> None:
    """State by state, input by input (MC1-CLIENT-04)."""
    table = {
        at.value: {by: to.value for by, to in moves.items()} for at, moves in CLIENT_ROOM.items()
    }

    assert table == state()["client_room"]["states"]
    assert state()["client_room"]["initial"] == RoomState.OUTSIDE


def test_the_gates_are_those_of_the_specification() -> None:
    """Which gates, and in which order (MC1-ERR-06)."""
    gates = {name: list(gates) for name, gates in GATES.items()}

    assert gates == {name: state()["gates"][name] for name in ("join", "leave", "send")}
    assert set(state()["gates"]) == {"description", *gates}


def test_a_shut_gate_answers_as_the_specification_says() -> None:
    """Each gate has its code (MC1-ERR-06)."""
    assert dict(REFUSALS) == state()["refusals"]


@pytest.mark.parametrize("command", ["join", "leave", "send"])
def test_each_commands_gates_ask_for_the_room_before_its_rights(command: str) -> None:
    """The server core reads the room's rights behind the gate that finds the room."""
    gates = GATES[command]

    assert gates.index("exists") < gates.index("allowed")
    assert all(command in errors()[REFUSALS[gate]]["commands"] for gate in gates)


def test_no_state_is_a_trap() -> None:
    """From each state, what the server says can lead anywhere else (MC1-CLIENT-04)."""
    for start in RoomState:
        reached = {start}
        while fresh := {to for at in reached for to in CLIENT_ROOM[at].values()} - reached:
            reached |= fresh
        assert reached == set(RoomState)


def test_leaving_ends_outside_and_a_left_frame_never_lets_one_stay_in() -> None:
    """One is in a room from *joined* to *left* (MC1-CLIENT-04)."""
    for moves in CLIENT_ROOM.values():
        assert moves["left"] in (RoomState.OUTSIDE, RoomState.ENTERING)
        assert moves["joined"] in (RoomState.INSIDE, RoomState.LEAVING)
