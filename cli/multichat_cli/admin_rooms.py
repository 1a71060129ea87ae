"""``multichat admin room``: which rooms there are, and for whom."""

from typing import TYPE_CHECKING, Annotated

import typer

from multichat_cli.options import AsJson, Config, DatabaseUrl

if TYPE_CHECKING:
    from multichat_cli.output import Event
    from multichat_server.storage import Store

__all__ = ["rooms"]

rooms = typer.Typer(
    help="Add, list, change and delete rooms.", no_args_is_help=True, rich_markup_mode=None
)

Number = Annotated[int, typer.Argument(metavar="ROOM", help="The room's number.")]


@rooms.command()
def add(
    title: Annotated[str, typer.Argument(metavar="TITLE", help="What people see.")],
    staff_only: Annotated[bool, typer.Option("--staff-only", help="Open to staff alone.")] = False,
    number: Annotated[
        int | None, typer.Option(metavar="ROOM", help="Its number; otherwise the next one.")
    ] = None,
    database_url: DatabaseUrl = None,
    config: Config = None,
    as_json: AsJson = False,
) -> None:
    """Add a room."""
    from multichat_cli import administration

    administration.argument(title, "the title")

    async def work(store: "Store") -> "list[Event]":
        room = await store.add_room(
            title, staff_only=staff_only, room_id=number, by=administration.COMMAND_LINE
        )
        return [administration.room_event(room)]

    administration.run(
        work, database_url=database_url, config=config, as_json=as_json, may_create=True
    )


@rooms.command(name="list")
def list_(database_url: DatabaseUrl = None, config: Config = None, as_json: AsJson = False) -> None:
    """List the rooms, by title."""
    from multichat_cli import administration

    async def work(store: "Store") -> "list[Event]":
        return [administration.room_event(room) for room in await store.rooms()]

    administration.run(work, database_url=database_url, config=config, as_json=as_json)


@rooms.command()
def change(
    number: Number,
    title: Annotated[
        str | None, typer.Option(metavar="TITLE", help="What people see from now on.")
    ] = None,
    staff_only: Annotated[
        bool | None,
        typer.Option(
            "--staff-only/--no-staff-only", help="Open to staff alone: others are put out."
        ),
    ] = None,
    database_url: DatabaseUrl = None,
    config: Config = None,
    as_json: AsJson = False,
) -> None:
    """Change what is given; the rest stays."""
    from multichat_cli import administration

    # "--no-staff-only" is False, and a change.
    administration.ask_for_change(title, None if staff_only is None else True)
    if title is not None:
        administration.argument(title, "the title")

    async def work(store: "Store") -> "list[Event]":
        room = await store.change_room(
            number, title=title, staff_only=staff_only, by=administration.COMMAND_LINE
        )
        return [administration.room_event(room)]

    administration.run(work, database_url=database_url, config=config, as_json=as_json)


@rooms.command()
def delete(
    number: Number,
    database_url: DatabaseUrl = None,
    config: Config = None,
    as_json: AsJson = False,
) -> None:
    """Delete a room; whoever is in it is put out."""
    from multichat_cli import administration

    async def work(store: "Store") -> "list[Event]":
        await store.delete_room(number, by=administration.COMMAND_LINE)
        return [{"event": "room_deleted", "id": number}]

    administration.run(work, database_url=database_url, config=config, as_json=as_json)
