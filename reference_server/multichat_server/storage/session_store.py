"""Sessions, and who shows what credential, as the rest of the server sees them."""

import secrets
from collections.abc import Callable, Iterable
from typing import Final

import sqlalchemy as sa

from multichat_server.credentials import token_secret
from multichat_server.storage import sessions, tokens
from multichat_server.storage.audit import Log
from multichat_server.storage.database import Database
from multichat_server.storage.errors import NotFound
from multichat_server.storage.names import is_id
from multichat_server.storage.records import Actor, Client, Session, User

__all__ = ["SessionStore"]

# 256 bits: not to be guessed however many are tried.
_KEY_BYTES: Final = 32

_NOWHERE: Final = Client()


class SessionStore:
    """
    The part of the store that knows sessions.

    Args:
        database: Where they are.
        clock: Tells the seconds since 1970.

    """

    def __init__(self, database: Database, *, clock: Callable[[], float]) -> None:
        self._database = database
        self._clock = clock

    async def start_session(
        self, user_id: int, *, lifetime: float, client: Client = _NOWHERE
    ) -> str:
        """
        Start a session and return its key, which is stored nowhere.

        Args:
            user_id: Whose session it is.
            lifetime: For how long it is good, in seconds.
            client: Where it is started from, for its owner to recognize it.

        Raises:
            NotFound: There is no user of that id.

        """
        if not is_id(user_id):
            raise NotFound(f"there is no user with id {user_id}")
        key = secrets.token_urlsafe(_KEY_BYTES)
        now = self._now()
        await self._database.write(
            lambda c: sessions.start(
                c, key, user_id, now=now, lifetime=int(lifetime), client=client
            )
        )
        return key

    async def session_user(self, key: str) -> User | None:
        """Return whose session a key opens; ``None`` if none, expired, or the user inactive."""
        now = self._now()
        return await self._database.read(lambda c: sessions.user_of(c, key, now=now))

    async def sessions_of(self, user_id: int) -> list[Session]:
        """Return the sessions of a user that have not run out, the last used first."""
        if not is_id(user_id):
            return []
        now = self._now()
        return await self._database.read(lambda c: sessions.of(c, user_id, now=now))

    def session_id(self, key: str) -> str:
        """Return the id of the session that a key opens, by which its owner finds it in a list."""
        return sessions.id_of(key)

    async def end_session(self, key: str) -> bool:
        """End a session and tell whether there was one."""
        # Anybody can ask for this with a key that was never one, and writers wait for each other.
        if not await self._database.read(lambda c: sessions.exists(c, key)):
            return False
        return await self._database.write(lambda c: sessions.end(c, key))

    async def end_session_by_id(
        self, user_id: int, session_id: str, *, by: Actor | None = None
    ) -> bool:
        """End a session of a user and tell whether there was one."""
        if not is_id(user_id):
            return False
        log = Log(by, at=self._now())
        return await self._database.write(
            lambda c: sessions.end_one(c, user_id, session_id, log=log)
        )

    async def end_sessions(
        self, user_id: int, *, except_key: str | None = None, by: Actor | None = None
    ) -> int:
        """
        End the sessions of a user, and return how many there were.

        Args:
            user_id: Whose.
            except_key: The key of one that goes on; ``None`` if none does.
            by: Who ends them; ``None`` leaves it out of the audit log.

        """
        if not is_id(user_id):
            return 0
        log = Log(by, at=self._now())
        return await self._database.write(
            lambda c: sessions.end_all(c, user_id, except_key=except_key, log=log)
        )

    # Credentials: a session's key, or a token (see the module credentials)

    async def credential_user(self, credential: str) -> User | None:
        """Return for whom a credential speaks; ``None`` if for nobody, or not any more."""
        now = self._now()
        secret = token_secret(credential)
        if secret is None:
            return await self.session_user(credential)
        return await self._database.read(lambda c: tokens.user_of(c, secret, now=now))

    async def live_credentials(self, credentials: Iterable[str]) -> set[str]:
        """Return those of some credentials that :meth:`credential_user` would know."""
        keys, secrets_shown = _sorted_out(credentials)
        now = self._now()
        live_keys, live_secrets = await self._database.read(
            lambda c: (sessions.live(c, keys, now=now), tokens.live(c, secrets_shown, now=now))
        )
        return live_keys | {secrets_shown[secret] for secret in live_secrets}

    async def credentials_seen(self, credentials: Iterable[str]) -> None:
        """Note that these credentials were shown just now; those that are none do nothing."""
        keys, secrets_shown = _sorted_out(credentials)
        now = self._now()

        def work(connection: sa.Connection) -> None:
            sessions.seen(connection, sorted(keys), now=now)
            tokens.seen(connection, sorted(secrets_shown), now=now)

        await self._database.write(work)

    def _now(self) -> int:
        return int(self._clock())


def _sorted_out(credentials: Iterable[str]) -> tuple[set[str], dict[str, str]]:
    """Return the keys among some credentials, and the tokens' credentials by their secrets."""
    keys: set[str] = set()
    shown: dict[str, str] = {}
    for credential in credentials:
        secret = token_secret(credential)
        if secret is None:
            keys.add(credential)
        else:
            shown[secret] = credential
    return keys, shown
