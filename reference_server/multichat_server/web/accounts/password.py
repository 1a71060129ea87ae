"""
Changing one's own password.

Whoever does it has to know the old one: a browser that was left open is not enough. All sessions
end, and the one at hand goes on under a new key, so that whoever had taken part in any of them is
out. Tokens are bots', and stay unless one says otherwise.
"""

from typing import Final

from starlette.responses import Response

from multichat_proto.exceptions import StoreUnavailable
from multichat_server.password_rules import SHORTEST_PASSWORD, weakness
from multichat_server.passwords import TooManyChecks
from multichat_server.storage import PasswordChanged
from multichat_server.throttle import TooManyFailures
from multichat_server.web import notices
from multichat_server.web.accounts.login import (
    BUSY,
    BUSY_SECONDS,
    retry_after,
    too_many_failures,
)
from multichat_server.web.accounts.opening import set_session_cookies
from multichat_server.web.accounts.sessions import PATH as SESSIONS_PATH
from multichat_server.web.addresses import network_of
from multichat_server.web.answers import page, redirect
from multichat_server.web.guards import login_required
from multichat_server.web.page import Visit

__all__ = ["PATH", "change"]

PATH: Final = "/accounts/password_change/"

_OLD: Final = "old_password"
_NEW: Final = "new_password1"
_AGAIN: Final = "new_password2"

_WRONG: Final = "This is not your password."

_CHANGED: Final = "password-changed"
_CHANGED_WITH_TOKENS: Final = "password-changed-with-tokens"
notices.register(
    {
        _CHANGED: "Your password was changed, and all other sessions have ended.",
        _CHANGED_WITH_TOKENS: (
            "Your password was changed; all other sessions have ended and all tokens are revoked."
        ),
    }
)


@login_required
async def change(visit: Visit) -> Response:
    """Show the form, or change the password; what is wrong is said at its field, with 422."""
    if visit.request.method != "POST":
        return await _form(visit)
    user, site = visit.known_user, visit.site
    old, new = visit.field(_OLD) or "", visit.field(_NEW) or ""
    # What can be said without looking at the old password costs no try.
    errors = _errors(old, new, visit.field(_AGAIN) or "", username=user.username)
    if errors:
        return await _form(visit, errors, status=422)
    try:
        attempt = site.throttle.begin_logged_in(user.username, network_of(visit.address))
    except TooManyFailures as exc:
        response = await _form(visit, {_OLD: too_many_failures(exc)}, status=429)
        return retry_after(response, exc.wait)
    try:
        known = await site.store.check_password(user.username, old)
    except TooManyChecks:
        attempt.not_made()
        return retry_after(await _form(visit, {_OLD: BUSY}, status=503), BUSY_SECONDS)
    except StoreUnavailable:
        attempt.not_made()
        raise
    if known is None or known.user.id != user.id:
        return await _form(visit, {_OLD: _WRONG}, status=422)
    attempt.succeeded()

    with_tokens = visit.field("tokens") is not None
    try:
        key = await site.store.change_password(
            known,
            new,
            lifetime=site.settings.session_lifetime,
            client=visit.client,
            revoke_tokens=with_tokens,
            by=visit.actor,
        )
    except PasswordChanged:
        # It was right a moment ago: of two changes at once, the other one was first.
        return await _form(visit, {_OLD: _WRONG}, status=422)
    await site.changed()
    notice = _CHANGED_WITH_TOKENS if with_tokens else _CHANGED
    response = redirect(SESSIONS_PATH, notice=notice)
    set_session_cookies(visit, response, key)
    return response


def _errors(old: str, new: str, again: str, *, username: str) -> dict[str, str]:
    """Return what is wrong in a form, by field, as far as the form itself shows it."""
    errors: dict[str, str] = {}
    if not old:
        errors[_OLD] = "This field is required."
    weak = weakness(new, username=username) if new else "This field is required."
    if weak is not None:
        errors[_NEW] = weak
    elif new == old:
        errors[_NEW] = "It is the old one."
    elif new != again:
        errors[_AGAIN] = "The two are not the same."
    return errors


async def _form(
    visit: Visit, errors: dict[str, str] | None = None, *, status: int = 200
) -> Response:
    tokens = await visit.site.store.tokens.of(visit.known_user.id)
    return page(
        visit,
        "accounts/password.html",
        status=status,
        errors_at=errors or {},
        shortest=SHORTEST_PASSWORD,
        tokens=len(tokens),
        with_tokens=visit.field("tokens") is not None,
    )
