"""The audit log: who did what, and when."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from starlette.responses import Response

from multichat_server.message_types import announcement_types
from multichat_server.storage import AuditEntry
from multichat_server.web.answers import page
from multichat_server.web.guards import staff_only
from multichat_server.web.page import Visit

__all__ = ["Described", "Detail", "described", "show"]

_PAGE: Final = 50

_ROOM, _USER = "/admin/chat/room/{}/change/", "/admin/auth/user/{}/change/"

#: What was done, in words before the subject's name, and where the subject is if it is still there.
_ACTIONS: Final[Mapping[str, tuple[str, str | None]]] = {
    "room.add": ("added the room", _ROOM),
    "room.change": ("changed the room", _ROOM),
    "room.delete": ("deleted the room", None),
    "room.announce": ("sent an announcement to the room", _ROOM),
    "room.put_out": ("put somebody out of the room", _ROOM),
    "user.add": ("added the user", _USER),
    "user.change": ("changed the user", _USER),
    "user.delete": ("deleted the user", None),
    "user.password": ("set the password of", _USER),
    "user.sessions_end": ("ended sessions of", _USER),
    "token.add": ("made the token", None),
    "token.revoke": ("revoked the token", None),
    "import.django": ("brought over a Django database", None),
}

# What a new room or user is unless something else is said.
_USUAL: Final = {"staff_only": False, "is_staff": False, "is_active": True}

_LABELS: Final = {
    "title": "title",
    "staff_only": "staff only",
    "username": "name",
    "is_staff": "staff",
    "is_active": "active",
    "msg_type": "type",
    "ended": "sessions",
}


@dataclass(frozen=True, slots=True)
class Detail:
    """
    One thing more that there is to say.

    Attributes:
        label: What it is.
        new: The value, or what it was changed to.
        old: What it was before; ``None`` if this is no change.

    """

    label: str
    new: str
    old: str | None = None


@dataclass(frozen=True, slots=True)
class Described:
    """
    An entry of the log, in words.

    Attributes:
        entry: The entry.
        words: What was done, to be followed by the subject; ``None`` for an action that this
            version does not know.
        link: Where the subject is; ``None`` if it is nowhere.
        details: What else there is to say.

    """

    entry: AuditEntry
    words: str | None
    link: str | None
    details: tuple[Detail, ...]


@staff_only
async def show(visit: Visit) -> Response:
    """Show the newest entries, or those that are searched for, or older ones."""
    query = visit.query("q")
    before = visit.query_number("before", 0) or None
    # One more than are shown tells whether there are older ones.
    found = await visit.site.store.audit.recent(query, before=before, limit=_PAGE + 1)
    shown = found[:_PAGE]
    return page(
        visit,
        "admin/audit.html",
        entries=described(shown, visit.site.settings.message_types),
        query=query,
        is_newest=before is None,
        older=shown[-1].id if len(found) > _PAGE else None,
    )


def described(entries: Iterable[AuditEntry], message_types: Sequence[str]) -> list[Described]:
    """
    Return entries in words.

    Args:
        entries: The entries.
        message_types: The setting of that name, for what announcements are called.

    """
    names = {each.number: each.name for each in announcement_types(message_types)}
    result: list[Described] = []
    for entry in entries:
        words, path = _ACTIONS.get(entry.action, (None, None))
        link = path.format(entry.subject_id) if path and entry.subject_id is not None else None
        details = tuple(
            _detail(entry.action, key, value, names)
            for key, value in entry.details.items()
            if key not in _USUAL or value != _USUAL[key]
        )
        result.append(Described(entry, words, link, details))
    return result


def _detail(action: str, key: str, value: object, names: Mapping[int, str]) -> Detail:
    label = _LABELS.get(key, key.replace("_", " "))
    match value:
        case [old, new] if action.endswith(".change"):
            return Detail(label, _text(new), _text(old))
        case str(name) if key == "username":
            return Detail("user", name)
        case int(number) if key == "msg_type":
            return Detail(label, names.get(number, str(number)))
        case _:
            return Detail(label, _text(value))


def _text(value: object) -> str:
    match value:
        case bool():
            return "yes" if value else "no"
        case str():
            return value
        case _:
            return json.dumps(value, ensure_ascii=False)
