"""What a check needs, held against what a target file gives."""

from collections.abc import Collection
from typing import Final

from multichat_conformance.catalogue import STAFF_ROLE, Check, Group
from multichat_conformance.context import Context
from multichat_conformance.target.model import Target

__all__ = ["inapplicable", "missing"]

_THE_FILE: Final = "the target file"


def inapplicable(check: Check, target: Target) -> str:
    """Say why a check does not apply to a target, or return an empty text if it does."""
    needs = check.needs
    for claim in needs.claims:
        if not getattr(target, claim):
            return f"the target does not claim capabilities.{claim}"
    for limit in needs.limits:
        if getattr(target.limits, limit) is False:
            return f"the target has no such limit (limits.{limit} = false)"
    return ""


def missing(check: Check, context: Context, groups: Collection[Group]) -> str:
    """Say what a check lacks and how to give it, or return an empty text if it has all."""
    reason = _missing(check, context, groups)
    if context.target.file is not None:
        return reason
    how = " (multichat conformance init writes one)" if "[[accounts]]" in reason else ""
    return reason.replace(_THE_FILE, f"a target file{how}")


def _missing(check: Check, context: Context, groups: Collection[Group]) -> str:
    needs, target = check.needs, context.target
    if check.group not in groups:
        return f"the group {check.group} was not asked for: add --group {check.group}"
    cast = context.cast()
    if lacking := [role for role in needs.actors if role not in cast]:
        kind = "a staff account" if lacking == [STAFF_ROLE] else f"an account for {lacking[0]}"
        return f"needs {kind}: add [[accounts]] to the target file"
    if needs.visitor and context.visitor is None and not context.takes_strangers:
        return (
            "needs an account for alice and an open room, since the target refuses strangers: add "
            "[[accounts]] and [[rooms]] to the target file"
        )
    if sum(not room.staff_only for room in target.rooms) < needs.rooms:
        return f"needs {needs.rooms} open rooms: add [[rooms]] to the target file"
    most = target.limits.rooms_per_connection
    if most and most < needs.rooms:
        return (
            f"needs {needs.rooms} rooms on one connection, the one for fences included, and "
            f"limits.rooms_per_connection is {most:g}: raise the target's limit"
        )
    if needs.staff_room and not any(room.staff_only for room in target.rooms):
        return "needs a staff room: add [[rooms]] with staff_only = true to the target file"
    if hooks := [hook for hook in needs.hooks if hook not in target.hooks.names]:
        return f"needs the hook {hooks[0]}: add it to [hooks] in the target file"
    for limit in needs.limits:
        if getattr(target.limits, limit) is None:
            return f"needs the stated limit: add limits.{limit} to the target file"
    if needs.restart and context.process is None and not {"stop", "start"} <= target.hooks.names:
        return "needs to stop and start the target: add [start], or the hooks stop and start"
    if needs.logout and target.login.recipe != "django-form":
        return "needs sessions that can be ended: login.recipe is not django-form"
    return ""
