"""
What a client does when a connection has ended: the close codes and their verdicts.

The table is that of ``spec/v1/close_codes.json`` (MC1-CLOSE-08), and a test holds the two
equal. The words of the verdicts are the file's own.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final

from multichat_proto.messages import CloseCode

__all__ = ["RECONNECT", "Reconnect", "verdict_on"]


class Reconnect(StrEnum):
    """Whether a client connects again by itself."""

    NO = "no"
    AFTER_LOGIN = "after-login"
    BACKOFF = "backoff"
    BACKOFF_LONG = "backoff-long"


RECONNECT: Final[Mapping[int, Reconnect]] = {
    CloseCode.NORMAL: Reconnect.NO,
    CloseCode.GOING_AWAY: Reconnect.BACKOFF,
    CloseCode.PROTOCOL_ERROR: Reconnect.NO,
    CloseCode.NO_STATUS: Reconnect.BACKOFF,
    CloseCode.ABNORMAL: Reconnect.BACKOFF,
    CloseCode.INVALID_TEXT: Reconnect.NO,
    CloseCode.POLICY_VIOLATION: Reconnect.AFTER_LOGIN,
    CloseCode.TOO_BIG: Reconnect.NO,
    CloseCode.INTERNAL_ERROR: Reconnect.BACKOFF,
    CloseCode.SERVICE_RESTART: Reconnect.BACKOFF,
    CloseCode.TRY_AGAIN_LATER: Reconnect.BACKOFF_LONG,
}
"""The verdict on each close code that v1 lists."""


def verdict_on(code: int) -> Reconnect:
    """Return what a client does about a close code; an unlisted one counts as 1006."""
    return RECONNECT.get(code, RECONNECT[CloseCode.ABNORMAL])
