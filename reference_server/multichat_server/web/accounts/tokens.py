"""Tokens: what a user's bots show instead of logging in, each with the user's own rights."""

import time
from typing import Final

from starlette.responses import Response

from multichat_server.storage import InvalidValue, NameTaken, NotFound, Token, TooMany
from multichat_server.storage.names import HIGHEST_ID
from multichat_server.web import notices
from multichat_server.web.answers import page, redirect
from multichat_server.web.guards import login_required
from multichat_server.web.page import Visit

__all__ = ["LONGEST_DAYS", "PATH", "show"]

PATH: Final = "/accounts/tokens/"

#: Ten years; whoever wants longer wants it without end.
LONGEST_DAYS: Final = 3650

_SUGGESTED_DAYS: Final = "90"
_DAY: Final = 86_400

_REVOKED: Final = "token-revoked"
_GONE: Final = "token-gone"
_ALL_REVOKED: Final = "tokens-all-revoked"
notices.register(
    {
        _REVOKED: "The token was revoked. Whatever was connected with it is closed.",
        _GONE: "That token had been revoked already.",
        _ALL_REVOKED: "All tokens were revoked. Whatever was connected with them is closed.",
    }
)


@login_required
async def show(visit: Visit) -> Response:
    """List one's tokens, make one, or revoke some; a new one's secret is in this answer alone."""
    if visit.request.method != "POST":
        return await _list(visit)
    match visit.field("action"):
        case "add":
            return await _add(visit)
        case "revoke":
            return await _revoke(visit, visit.field("token") or "")
        case _:
            return await _list(visit, status=422, errors={"action": "Nothing was chosen to do."})


async def _add(visit: Visit) -> Response:
    store, user = visit.site.store, visit.known_user
    name, days = visit.field("name") or "", (visit.field("days") or "").strip()
    errors: dict[str, str] = {}
    if not _is_days(days):
        errors["days"] = f"A number from 1 to {LONGEST_DAYS}, or nothing at all."
    if errors:
        return await _list(visit, status=422, errors=errors)
    try:
        token, secret = await store.tokens.add(
            user.id,
            name,
            lifetime=int(days) * _DAY if days else None,
            most=visit.site.settings.max_tokens,
            by=visit.actor,
        )
    except NameTaken:
        # A page that is reloaded sends its form again.
        return await _list(visit, status=422, errors={"name": "You have a token of this name."})
    except (InvalidValue, TooMany) as exc:
        return await _list(visit, status=422, errors={"name": _sentence(exc)})
    return await _list(visit, added=token, secret=secret)


async def _revoke(visit: Visit, which: str) -> Response:
    store, user = visit.site.store, visit.known_user
    if which == "all":
        await store.tokens.revoke_all(user.id, by=visit.actor)
        notice = _ALL_REVOKED
    else:
        notice = _REVOKED
        try:
            await store.tokens.revoke(user.id, _token_id(which), by=visit.actor)
        except NotFound:
            notice = _GONE
    await visit.site.changed()
    return redirect(PATH, notice=notice)


async def _list(
    visit: Visit,
    *,
    status: int = 200,
    errors: dict[str, str] | None = None,
    added: Token | None = None,
    secret: str | None = None,
) -> Response:
    # What was typed stays there until it has become a token.
    is_typed = added is None and visit.field("action") == "add"
    return page(
        visit,
        "accounts/tokens.html",
        status=status,
        tokens=await visit.site.store.tokens.of(visit.known_user.id),
        now=int(time.time()),
        most=visit.site.settings.max_tokens,
        longest_days=LONGEST_DAYS,
        errors_at=errors or {},
        name=(visit.field("name") or "") if is_typed else "",
        days=(visit.field("days") or "") if is_typed else _SUGGESTED_DAYS,
        added=added,
        secret=secret,
    )


def _is_days(text: str) -> bool:
    # Short before it is a number: int() of a megabyte of digits takes its time.
    return not text or (
        len(text) <= 4 and text.isascii() and text.isdigit() and 1 <= int(text) <= LONGEST_DAYS
    )


def _token_id(text: str) -> int:
    """Return the id that a form names; one that no token has if it names none."""
    return int(text) if len(text) <= 19 and text.isascii() and text.isdigit() else HIGHEST_ID + 1


def _sentence(exc: Exception) -> str:
    text = str(exc)
    return f"{text[:1].upper()}{text[1:]}."
