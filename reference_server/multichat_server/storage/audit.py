"""
The audit log inside a transaction: who did what, written together with what was done.

A change and its entry are one transaction, so that neither is there without the other.
"""

import json
from collections.abc import Mapping
from typing import Any, Final

import sqlalchemy as sa

from multichat_server.storage.records import Action, Actor, AuditEntry
from multichat_server.storage.searching import contains, fold
from multichat_server.storage.tables import audit

__all__ = ["MOST_ENTRIES", "Log", "recent"]

#: How many entries are kept; the oldest go first.
MOST_ENTRIES: Final = 100_000

_LONGEST_ACTOR: Final = 150
_LONGEST_ADDRESS: Final = 64
_LONGEST_SUBJECT: Final = 300
# Of each text among the details; an announcement can be long.
_LONGEST_DETAIL: Final = 1000

_COLUMNS = (
    audit.c.id,
    audit.c.at,
    audit.c.actor_id,
    audit.c.actor,
    audit.c.address,
    audit.c.action,
    audit.c.subject,
    audit.c.subject_id,
    audit.c.details,
)


class Log:
    """
    Where a piece of work notes what it does.

    Args:
        by: Who does it; ``None`` if that is to be noted nowhere.
        at: When, in seconds since 1970.

    """

    def __init__(self, by: Actor | None, *, at: int) -> None:
        self._by = by
        self._at = at

    def note(
        self,
        connection: sa.Connection,
        action: Action,
        *,
        subject: str,
        subject_id: int | None = None,
        details: Mapping[str, object] | None = None,
    ) -> None:
        """
        Write an entry, if there is anybody to write about.

        Args:
            connection: The transaction.
            action: What is done.
            subject: The name or title of what it is done to.
            subject_id: Its id; ``None`` if it has none.
            details: What else there is to say, as JSON has it; long texts are cut.

        """
        by = self._by
        if by is None:
            return
        name = by.name[:_LONGEST_ACTOR]
        subject = subject[:_LONGEST_SUBJECT]
        entry: int = connection.execute(
            sa.insert(audit)
            .values(
                at=self._at,
                actor_id=by.user_id,
                actor=name,
                address=by.address[:_LONGEST_ADDRESS],
                action=action,
                subject=subject,
                subject_id=subject_id,
                details=json.dumps(_cut(details or {})),
                search_text=fold(f"{name} {action} {subject}"),
            )
            .returning(audit.c.id)
        ).scalar_one()
        connection.execute(sa.delete(audit).where(audit.c.id <= entry - MOST_ENTRIES))


def recent(
    connection: sa.Connection, text: str, *, before: int | None, limit: int
) -> list[AuditEntry]:
    """Return the newest entries that have a text in them, older than one if it is given."""
    condition = contains(audit.c.search_text, text)
    if before is not None:
        condition = sa.and_(condition, audit.c.id < before)
    rows = connection.execute(
        sa.select(*_COLUMNS).where(condition).order_by(audit.c.id.desc()).limit(limit)
    )
    return [AuditEntry(*row[:-1], details=json.loads(row.details)) for row in rows]


def _cut(value: Any) -> Any:
    match value:
        case str():
            return value[:_LONGEST_DETAIL]
        case list() | tuple():
            return [_cut(each) for each in value]
        case Mapping():
            return {key: _cut(each) for key, each in value.items()}
        case _:
            return value
