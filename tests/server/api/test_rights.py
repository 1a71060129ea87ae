"""Who may do what: every operation, asked for by everybody there is."""

import re

import pytest

import multichat_spec
from multichat_server.api.errors import PROBLEMS, Code
from multichat_server.api.operation import Operation, Who
from multichat_server.api.table import OPERATIONS
from multichat_server.engine import Member

from .conftest import Program, World

BODIES: dict[str, object] = {
    "add_room": {"title": "x"},
    "change_room": {"title": "x"},
    "announce": {"msg_type": 1, "message": "x"},
    "add_user": {"username": "x", "password": "looking-glass"},
    "change_user": {"username": "x"},
}
IDS = {"room_id": "1", "connection": "17", "user_id": "1"}

# The same as in the contract of the API, written down a second time on purpose.
FOR_EVERYBODY = {"get_description", "get_server"}
FOR_USERS = {"get_me", "list_rooms", "get_room"}

every_operation = pytest.mark.parametrize("operation", OPERATIONS, ids=lambda each: each.name)


@pytest.fixture
async def member(world: World) -> Member:
    inside = Member(17, 1, "alice")
    await world.enter(1, inside)
    return inside


async def status(program: Program, operation: Operation) -> tuple[int, str]:
    path = re.sub(r"\{(\w+)\}", lambda match: IDS[match[1]], operation.path)
    response = await program.ask(operation.method, path, json=BODIES.get(operation.name))
    return response.status_code, response.json()["error"] if response.is_error else ""


@every_operation
async def test_staff_with_a_token_may_do_everything(
    world: World, admin: Program, member: Member, operation: Operation
) -> None:
    assert world.chat.inside[1] == [member]
    assert await status(admin, operation) == (operation.status, "")


@every_operation
async def test_staff_with_a_page_may_do_everything(
    world: World, member: Member, operation: Operation
) -> None:
    page = await world.page("admin")

    assert await status(page, operation) == (operation.status, "")
    assert (member in world.chat.inside[1]) is (operation.name != "put_out")


@every_operation
@pytest.mark.parametrize("kind", ["token", "session"])
async def test_others_may_do_little(
    world: World, member: Member, operation: Operation, kind: str
) -> None:
    program = await (world.bot("alice") if kind == "token" else world.page("alice"))
    revision = await world.store.revision()

    is_allowed = operation.name in FOR_EVERYBODY | FOR_USERS
    expected = (operation.status, "") if is_allowed else (403, "STAFF_ONLY")
    assert await status(program, operation) == expected
    assert (await world.store.revision(), await world.log()) == (revision, [])
    assert (world.chat.inside[1], world.chat.announced) == ([member], [])


@every_operation
async def test_nobody_may_do_less(world: World, member: Member, operation: Operation) -> None:
    revision = await world.store.revision()

    is_allowed = operation.name in FOR_EVERYBODY
    expected = (200, "") if is_allowed else (401, "USER_HAS_TO_LOGIN")
    assert await status(world.program(), operation) == expected
    assert (await world.store.revision(), await world.log()) == (revision, [])
    assert (world.chat.inside[1], world.chat.announced) == ([member], [])


@every_operation
def test_who_may_is_what_the_table_says(operation: Operation) -> None:
    who = (
        Who.EVERYBODY
        if operation.name in FOR_EVERYBODY
        else Who.USERS
        if operation.name in FOR_USERS
        else Who.STAFF
    )
    assert operation.who is who


async def test_staff_whose_right_was_taken_are_staff_no_more(world: World, admin: Program) -> None:
    await world.store.change_user("admin", is_staff=False)

    assert await admin.refused("GET", "/users") == (403, "STAFF_ONLY")


def test_codes_of_the_protocol_are_the_specs() -> None:
    """A program needs one table for the chat and for this."""
    spec = multichat_spec.errors()

    shared = {code for code in Code if code in spec}
    assert shared == {
        Code.USER_HAS_TO_LOGIN,
        Code.ROOM_INVALID,
        Code.ROOM_ACCESS_DENIED,
        Code.MESSAGE_TOO_LONG,
        Code.SERVER_UNAVAILABLE,
    }


def test_each_code_has_a_meaning_and_comes_with_a_failure() -> None:
    assert list(Code) == sorted(PROBLEMS, key=list(Code).index)
    assert all(problem.status >= 400 for problem in PROBLEMS.values())
    assert all(problem.meaning.endswith(".") for problem in PROBLEMS.values())
