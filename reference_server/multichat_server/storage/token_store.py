"""The tokens of bots, as the rest of the server sees them."""

import secrets
from collections.abc import Callable
from typing import Final

from multichat_server.storage import tokens
from multichat_server.storage.database import Database
from multichat_server.storage.errors import NotFound
from multichat_server.storage.names import is_id, valid_token_name
from multichat_server.storage.records import Actor, Token, User
from multichat_server.storage.rights import act

__all__ = ["TOKEN_PREFIX", "TokenStore"]

#: How every secret begins, so that those who look for leaked secrets can tell what it is.
TOKEN_PREFIX: Final = "mct_"  # noqa: S105  # no secret by itself

# 256 bits: not to be guessed however many are tried.
_SECRET_BYTES: Final = 32


class TokenStore:
    """
    Tokens, which :attr:`Store.tokens` is. All methods raise ``StoreUnavailable`` as the store's.

    Args:
        database: Where they are.
        clock: Tells the seconds since 1970.

    """

    def __init__(self, database: Database, clock: Callable[[], float]) -> None:
        self._database = database
        self._clock = clock

    async def add(
        self, user_id: int, name: str, *, lifetime: float | None, most: int, by: Actor | None = None
    ) -> tuple[Token, str]:
        """
        Make a token, and return it with its secret, which is stored nowhere.

        Args:
            user_id: Whose rights it carries.
            name: What the user calls it: 1 to 100 characters.
            lifetime: For how long it is good, in seconds; ``None`` for ever.
            most: How many a user may have, those that have run out included.
            by: Who makes it; ``None`` leaves it out of the audit log.

        Raises:
            InvalidValue: The name cannot be used.
            NameTaken: The user has a token of that name.
            NotFound: There is no user of that id.
            RightsChanged: Whoever makes it may not do it any more.
            TooMany: The user has enough.

        """
        name = valid_token_name(name)
        if not is_id(user_id):
            raise NotFound(f"there is no user with id {user_id}")
        now = int(self._clock())
        secret = TOKEN_PREFIX + secrets.token_urlsafe(_SECRET_BYTES)
        # Of two requests at once the second waits, and then counts the first one's token.
        token = await act(
            self._database,
            by,
            lambda c, log: tokens.add(
                c,
                secret,
                user_id,
                name,
                now=now,
                expires_at=None if lifetime is None else now + int(lifetime),
                most=most,
                log=log,
            ),
            now=now,
            alone_with=user_id,
        )
        return token, secret

    async def revoke(self, user_id: int, token_id: int, *, by: Actor | None = None) -> None:
        """
        Take a token of a user away; whoever chats with it is closed.

        Raises:
            NotFound: The user has no such token.
            RightsChanged: Whoever revokes it may not do it any more.

        """
        if not (is_id(user_id) and is_id(token_id)):
            raise NotFound(f"the user has no token {token_id}")
        await act(
            self._database,
            by,
            lambda c, log: tokens.revoke(c, user_id, token_id, log=log),
            now=int(self._clock()),
        )

    async def revoke_all(self, user_id: int, *, by: Actor | None = None) -> int:
        """
        Take all tokens of a user away, and return how many there were.

        Raises:
            RightsChanged: Whoever revokes them may not do it any more.

        """
        if not is_id(user_id):
            return 0
        return await act(
            self._database,
            by,
            lambda c, log: tokens.revoke_all(c, user_id, log=log),
            now=int(self._clock()),
            alone_with=user_id,
        )

    async def of(self, user_id: int) -> list[Token]:
        """Return the tokens of a user, the newest first, those that have run out among them."""
        if not is_id(user_id):
            return []
        return await self._database.read(lambda c: tokens.of(c, user_id))

    async def user(self, secret: str) -> User | None:
        """Return whose token it is; ``None`` if nobody's, run out, or the user is inactive."""
        now = int(self._clock())
        return await self._database.read(lambda c: tokens.user_of(c, secret, now=now))
