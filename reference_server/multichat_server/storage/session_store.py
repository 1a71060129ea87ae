"""Sessions, and who shows what credential, as the rest of the server sees them."""

import secrets
from collections.abc import Callable, Iterable
from typing import Final, TypeVar

import sqlalchemy as sa

from multichat_server.credentials import token_secret
from multichat_server.storage import sessions, tokens
from multichat_server.storage.audit import Log
from multichat_server.storage.database import Database
from multichat_server.storage.errors import NotFound
from multichat_server.storage.names import is_id
from multichat_server.storage.records import Actor, Client, Session, User, Verified
from multichat_server.storage.rights import act, credential_user

__all__ = ["SessionStore", "new_key"]

# 256 bits: not to be guessed however many are tried.
_KEY_BYTES: Final = 32

_NOWHERE: Final = Client()

T = TypeVar("T")


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
        self, who: int | Verified, *, lifetime: float, client: Client = _NOWHERE
    ) -> str:
        """
        Start a session and return its key, which is stored nowhere.

        Args:
            who: Whose session it is: the user that has just shown to know the password, or an id,
                of which nothing has to be shown.
            lifetime: For how long it is good, in seconds.
            client: Where it is started from, for its owner to recognize it.

        Raises:
            NotFound: There is no user of that id.
            PasswordChanged: The password that was verified is another by now, or the user is gone
                or inactive.

        """
        if isinstance(who, Verified):
            user_id, if_hash = who.user.id, who.password_hash
        else:
            user_id, if_hash = who, None
        if not is_id(user_id):
            raise NotFound(f"there is no user with id {user_id}")
        key, now = new_key(), self._now()
        await self._database.write(
            lambda c: sessions.start(
                c,
                key,
                user_id,
                now=now,
                lifetime=int(lifetime),
                client=client,
                if_hash=if_hash,
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
        """
        End a session of a user and tell whether there was one.

        Raises:
            RightsChanged: Whoever ends it may not do it any more.

        """
        if not is_id(user_id):
            return False
        return await self._act(by, lambda c, log: sessions.end_one(c, user_id, session_id, log=log))

    async def end_sessions(
        self,
        user_id: int,
        *,
        except_key: str | None = None,
        revoke_tokens: bool = False,
        by: Actor | None = None,
    ) -> int:
        """
        End the sessions of a user, and return how many there were.

        Args:
            user_id: Whose.
            except_key: The key of one that goes on; ``None`` if none does.
            revoke_tokens: Whether the user's tokens end with them.
            by: Who ends them; ``None`` leaves it out of the audit log.

        Raises:
            RightsChanged: Whoever ends them may not do it any more; nothing has ended.

        """
        if not is_id(user_id):
            return 0

        def work(connection: sa.Connection, log: Log) -> int:
            ended = sessions.end_all(connection, user_id, except_key=except_key, log=log)
            if revoke_tokens:
                tokens.revoke_all(connection, user_id, log=log)
            return ended

        return await self._act(by, work, alone_with=user_id)

    # Credentials: a session's key, or a token (see the module credentials)

    async def credential_user(self, credential: str) -> User | None:
        """Return for whom a credential speaks; ``None`` if for nobody, or not any more."""
        now = self._now()
        return await self._database.read(lambda c: credential_user(c, credential, now=now))

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

    async def _act(
        self,
        by: Actor | None,
        work: Callable[[sa.Connection, Log], T],
        *,
        alone_with: int | None = None,
    ) -> T:
        return await act(self._database, by, work, now=self._now(), alone_with=alone_with)

    def _now(self) -> int:
        return int(self._clock())


def new_key() -> str:
    """Return a session's key that nobody can guess."""
    return secrets.token_urlsafe(_KEY_BYTES)


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
