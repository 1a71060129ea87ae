"""What a test does to the database behind the store's back, as another process could."""

from typing import Any

import sqlalchemy as sa

from multichat_server.storage import Store


async def execute(store: Store, statement: sa.Executable) -> list[sa.Row[Any]]:
    """Run one statement and return its rows."""

    def work(connection: sa.Connection) -> list[sa.Row[Any]]:
        result = connection.execute(statement)
        return list(result) if result.returns_rows else []

    return await store._database.write(work)
