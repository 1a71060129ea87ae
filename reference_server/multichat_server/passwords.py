"""
Passwords: hashed with Argon2id, checked in a few threads at a constant cost.

Hashing is meant to be slow, and each hash takes its memory for that time. It happens in worker
threads, no more of them at once than stated, and only a few checks may wait for one: a flood of
logins costs the chat nothing but those processors, and whoever comes on top of it is told so at
once (:exc:`TooManyChecks`).

Whoever asks about a user that does not exist is kept waiting as long as for one that does, so
that the time tells nothing: :meth:`Passwords.verify` hashes in vain when there is nothing to
compare with.

Accounts that come from a Django database keep their hash (see :mod:`.django_hashes`) until their
first login, which replaces it. Until then their checks take longer than others, with Django's
newest default ten times as long, so that the time tells such an account from none.
"""

from dataclasses import dataclass
from typing import Final

import argon2
import trio

from multichat_proto.exceptions import MultichatError
from multichat_server import django_hashes

__all__ = ["LONGEST_PASSWORD", "MOST_WAITING", "Passwords", "TooManyChecks", "Verdict"]

#: In code points, as in Django's forms: hashing must not be fed by the megabyte.
LONGEST_PASSWORD: Final = 4096

#: How many checks may wait for a thread. With two threads and some 30 ms each the last of them
#: waits a quarter of a second, and a few seconds if all are of Django's slower hashes. A longer
#: queue would be worked off for clients that have given up.
MOST_WAITING: Final = 16

# OWASP's Password Storage Cheat Sheet, first choice for Argon2id: 19 MiB, two passes, one lane.
# RFC 9106 would take 64 MiB and four lanes, which lets any stranger at the login form occupy
# four processors for each password that is being checked.
_TIME_COST: Final = 2
_MEMORY_COST_KIB: Final = 19_456
_PARALLELISM: Final = 1


class TooManyChecks(MultichatError):
    """So many passwords are waiting to be checked that this one was not; try again later."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """
    What became of a password check.

    Attributes:
        is_right: Whether the password is the account's.
        new_hash: What to store in place of the old hash; ``None`` to leave it.

    """

    is_right: bool
    new_hash: str | None = None


class Passwords:
    """
    The one place where passwords are hashed and checked.

    Cancelling a call while it waits for a thread ends it at once; while a thread is at work,
    as soon as that is done (some tens of milliseconds).

    Args:
        threads: How many passwords are worked on at a time.
        memory_kib: What a hash takes, in KiB; less than the default is for tests, where no
            password is a secret.

    """

    def __init__(self, *, threads: int = 2, memory_kib: int = _MEMORY_COST_KIB) -> None:
        self._limiter = trio.CapacityLimiter(threads)
        self._hasher = argon2.PasswordHasher(
            time_cost=_TIME_COST, memory_cost=memory_kib, parallelism=_PARALLELISM
        )

    async def hash(self, password: str) -> str:
        """Return a hash to store, which carries its salt and parameters in itself."""
        return await trio.to_thread.run_sync(self._hash, password, limiter=self._limiter)

    async def verify(self, password: str, stored: str | None) -> Verdict:
        """
        Check a password against a stored hash.

        Args:
            password: What somebody claims the password to be.
            stored: The account's hash; ``None`` if there is no such account, which takes as
                long and is never right.

        Raises:
            TooManyChecks: :data:`MOST_WAITING` are waiting already.

        """
        if self._limiter.statistics().tasks_waiting >= MOST_WAITING:
            raise TooManyChecks("too many passwords are waiting to be checked")
        return await trio.to_thread.run_sync(self._verify, password, stored, limiter=self._limiter)

    def _hash(self, password: str) -> str:
        return self._hasher.hash(_as_bytes(password))

    def _verify(self, password: str, stored: str | None) -> Verdict:
        if len(password) > LONGEST_PASSWORD:
            # Nobody's: none so long is ever stored. No secret is given away by being quick.
            return Verdict(is_right=False)
        if stored is not None and stored.startswith("$argon2"):
            return self._verify_argon2(password, stored)
        is_right = stored is not None and django_hashes.is_hash_of(_as_bytes(password), stored)
        # The same Argon2 pass for all three: unknown user, wrong password, and the right one,
        # which gets its new hash from it.
        new_hash = self._hash(password)
        return Verdict(is_right, new_hash) if is_right else Verdict(is_right=False)

    def _verify_argon2(self, password: str, stored: str) -> Verdict:
        try:
            self._hasher.verify(stored, _as_bytes(password))
        except (argon2.exceptions.VerificationError, argon2.exceptions.InvalidHashError):
            return Verdict(is_right=False)
        if self._hasher.check_needs_rehash(stored):
            return Verdict(is_right=True, new_hash=self._hash(password))
        return Verdict(is_right=True)


def _as_bytes(password: str) -> bytes:
    # Lone surrogates have no UTF-8; as a password they are merely unusual.
    return password.encode("utf-8", "surrogatepass")
