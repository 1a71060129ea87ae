"""The audit log, as the rest of the server sees it."""

from collections.abc import Callable, Mapping
from types import MappingProxyType

from multichat_server.storage import audit
from multichat_server.storage.database import Database
from multichat_server.storage.names import is_id
from multichat_server.storage.records import Action, Actor, AuditEntry

__all__ = ["AuditStore"]


class AuditStore:
    """
    Who did what, which :attr:`Store.audit` is; methods raise ``StoreUnavailable`` as the store's.

    Args:
        database: Where it is.
        clock: Tells the seconds since 1970.

    """

    def __init__(self, database: Database, clock: Callable[[], float]) -> None:
        self._database = database
        self._clock = clock

    async def record(
        self,
        action: Action,
        *,
        by: Actor,
        subject: str,
        subject_id: int | None = None,
        details: Mapping[str, object] = MappingProxyType({}),
    ) -> None:
        """
        Note something that changed nothing in the database, such as an announcement.

        Changes note themselves, with what they change.

        Args:
            action: What was done.
            by: Who did it.
            subject: The name or title of what it was done to.
            subject_id: Its id; ``None`` if it has none.
            details: What else there is to say, as JSON has it; long texts are cut.

        """
        log = audit.Log(by, at=int(self._clock()))
        await self._database.write(
            lambda c: log.note(c, action, subject=subject, subject_id=subject_id, details=details)
        )

    async def recent(
        self, text: str = "", *, before: int | None = None, limit: int = 50
    ) -> list[AuditEntry]:
        """
        Return the newest entries.

        Args:
            text: Part of the actor's name, the action or the subject, in any case.
            before: The id of an entry: only older ones; ``None`` for the newest.
            limit: How many at most.

        """
        if before is not None and not is_id(before):
            before = None
        return await self._database.read(
            lambda c: audit.recent(c, text, before=before, limit=limit)
        )
