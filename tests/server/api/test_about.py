"""What a program must know before anything else."""

from importlib.metadata import version

import multichat_spec
from multichat_proto.handshake import STREAM_PATH
from multichat_server.config import SETTINGS
from multichat_server.engine.handshake import PATHS

from .conftest import Program, World


async def test_a_program_learns_who_it_is(alice: Program) -> None:
    assert await alice.get("/me") == {
        "id": "1",
        "username": "alice",
        "is_staff": False,
        "authenticated_by": "token",
    }


async def test_a_page_learns_who_it_is(world: World) -> None:
    page = await world.page("admin")

    assert await page.get("/me") == {
        "id": "2",
        "username": "admin",
        "is_staff": True,
        "authenticated_by": "session",
    }


async def test_anybody_learns_how_to_chat_here(world: World) -> None:
    server = await world.program().get("/server")

    assert (server["name"], server["version"]) == ("multichat", version("multichat"))
    assert server["stream"] == STREAM_PATH
    assert server["stream"] in PATHS
    assert server["subprotocols"] == [f"multichat.{each}" for each in multichat_spec.versions()]
    assert server["message_types"] == [
        {"msg_type": 1, "name": "warning"},
        {"msg_type": 2, "name": "alert"},
        {"msg_type": 3, "name": "muted"},
    ]


async def test_the_limits_are_those_of_the_settings(world: World) -> None:
    given = {
        "max_message_length": 4097,
        "max_rooms_per_connection": 12,
        "max_frame_bytes": 5_000_003,
        "command_rate": 14.5,
        "command_burst": 35,
        "http_body_bytes": 1025,
    }
    world.set(message_types=("6:poll",), **given)

    server = await world.program().get("/server")

    assert server["limits"] == given
    assert given.keys() <= {setting.name for setting in SETTINGS}
    assert server["message_types"][-1] == {"msg_type": 6, "name": "poll"}
