"""
How many wrong passwords may be tried: so many an account, and so many an address.

Each has a bucket of tries, which fills again at a steady rate. A try is taken before the password
is looked at, so that a hundred requests at once get no more of them than a hundred in a row, and
given back when the password was right: only what was wrong counts in the end. Giving back is all
that success does. Whoever logs in to an account of his own between two guesses at another one
gains nothing by it, and neither does an attacker when the account's owner comes by.

*Strangers cannot lock people out where they are at home.* If an account had one bucket for
everybody, whoever keeps it empty would keep its owner out for as long as they like. So a network
from which somebody has logged in to an account, or opened a page when logged in, has a bucket of
its own for that account, of the same size, and is asked for no other: neither what strangers do
elsewhere matters to it, nor what others on the same network do with other accounts. The price is
that an account takes the stated rate of guesses once more for each network that its owner uses,
from those who are on that network.

From a network that is new to an account, its owner competes with the guessers for as long as they
are at it: the account gives out one try every ``1 / rate`` seconds.

Everything is in memory, of one process, and bounded. A full bucket is as good as none, so that
what is forgotten when there are too many, the longest unused first, is almost always nothing. Names
are kept as hashes: they come from strangers, in any length, and a person in a hurry types the
password there.
"""

import hashlib
from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import Final

import trio

from multichat_proto.exceptions import MultichatError
from multichat_proto.limits import TokenBucket
from multichat_server.storage.names import normal_username

__all__ = ["MOST_REMEMBERED", "NETWORK_FACTOR", "Attempt", "LoginThrottle", "TooManyFailures"]

#: How many times an account's tries a network has: several people may be behind it.
NETWORK_FACTOR: Final = 4

#: How many buckets of a kind are kept, of some 250 bytes each. Two threads check some 70 passwords
#: a second, and with the default settings an account's bucket is full again after 200 seconds and
#: an address's after 800: they cannot empty more than this meanwhile.
MOST_REMEMBERED: Final = 65_536


class TooManyFailures(MultichatError):
    """
    So many passwords were wrong that no further one is looked at for now.

    Attributes:
        wait: Seconds after which it is worth trying again; above 0.

    """

    def __init__(self, wait: float) -> None:
        super().__init__(wait)
        self.wait = wait

    def __str__(self) -> str:
        return f"too many wrong passwords; try again in {self.wait:.0f} s"


class Attempt:
    """
    One try, which counts as a failure unless it is said to be none. Made by the throttle.

    Args:
        give_back: Called if it is none.
        remember: Called if the password is right.

    """

    def __init__(self, give_back: Callable[[], None], remember: Callable[[], None]) -> None:
        self._give_back = give_back
        self._remember = remember

    def succeeded(self) -> None:
        """Give the try back: the password was right."""
        self._give_back()
        self._remember()

    def not_made(self) -> None:
        """Give the try back: the password was not looked at."""
        self._give_back()


class LoginThrottle:
    """
    Counts wrong passwords.

    Args:
        rate: How many a second an account or a network may have in the long run.
        burst: How many an account may have at once; a network :data:`NETWORK_FACTOR` times that.
        clock: Tells the time in seconds; it does not run backwards.
        most: How many buckets of each kind are kept.

    """

    def __init__(
        self,
        *,
        rate: float,
        burst: int,
        clock: Callable[[], float] = trio.current_time,
        most: int = MOST_REMEMBERED,
    ) -> None:
        self._clock = clock
        self._accounts = _Buckets(rate=rate, burst=burst, most=most)
        self._networks = _Buckets(rate=rate, burst=burst * NETWORK_FACTOR, most=most)
        self._at_home = _Buckets(rate=rate, burst=burst, most=most)
        self._logged_in = _Buckets(rate=rate, burst=burst, most=most)
        self._homes = _Recent(most)

    def at_home(self, username: str, network: str) -> None:
        """
        Note that somebody who is logged in is at a network, so that strangers cannot lock him out.

        Args:
            username: The account's name.
            network: From where.

        """
        self._homes.add(_digest(normal_username(username)) + _digest(network))

    def begin(self, username: str, network: str) -> Attempt:
        """
        Take a try for somebody who wants to log in.

        Args:
            username: The account's name as it was typed; there need be no such account.
            network: From where, as :func:`~multichat_server.web.addresses.network_of` says it;
                all whose address is not known are together at the empty one.

        Raises:
            TooManyFailures: There is none left; nothing was taken.

        """
        account, whence = _digest(normal_username(username)), _digest(network)
        home = account + whence
        if home in self._homes:
            return self._take([(self._at_home, home)], home)
        return self._take([(self._accounts, account), (self._networks, whence)], home)

    def begin_logged_in(self, username: str, network: str) -> Attempt:
        """
        Take a try for somebody who is logged in and is asked for the password once more.

        It is counted apart from logins: no stranger can use up these tries, and whoever has found
        a browser open gets no more of them than others.

        Args:
            username: The account's name.
            network: From where.

        Raises:
            TooManyFailures: There is none left; nothing was taken.

        """
        account = _digest(normal_username(username))
        return self._take([(self._logged_in, account)], account + _digest(network))

    def _take(self, needed: "Sequence[tuple[_Buckets, bytes]]", home: bytes) -> Attempt:
        now = self._clock()
        wait = max(buckets.ready_at(key) for buckets, key in needed) - now
        if wait > 0:
            raise TooManyFailures(wait)
        for buckets, key in needed:
            buckets.take(key, now)

        def give_back() -> None:
            for buckets, key in needed:
                buckets.put_back(key, self._clock())

        return Attempt(give_back, lambda: self._homes.add(home))


class _Buckets:
    """Buckets by key; the longest unused are forgotten, and full ones are not kept at all."""

    def __init__(self, *, rate: float, burst: int, most: int) -> None:
        self._rate = rate
        self._burst = burst
        self._most = most
        self._buckets: OrderedDict[bytes, TokenBucket] = OrderedDict()

    def __len__(self) -> int:
        return len(self._buckets)

    def ready_at(self, key: bytes) -> float:
        """Return when there is a try. To ask makes no bucket, so that it drives none out."""
        found = self._buckets.get(key)
        return 0.0 if found is None else found.full_at()

    def take(self, key: bytes, now: float) -> None:
        found = self._buckets.get(key)
        if found is None:
            found = self._buckets[key] = TokenBucket(rate=self._rate, burst=self._burst)
            if len(self._buckets) > self._most:
                self._buckets.popitem(last=False)
        self._buckets.move_to_end(key)
        found.take(now)

    def put_back(self, key: bytes, now: float) -> None:
        found = self._buckets.get(key)
        if found is None:
            return
        found.put_back()
        if found.full_at(self._burst) <= now:
            # What was only asked for in vain must not drive out what counts.
            del self._buckets[key]


class _Recent:
    """A set of which only the latest added are kept."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._keys: OrderedDict[bytes, None] = OrderedDict()

    def __contains__(self, key: bytes) -> bool:
        return key in self._keys

    def add(self, key: bytes) -> None:
        self._keys[key] = None
        self._keys.move_to_end(key)
        if len(self._keys) > self._most:
            self._keys.popitem(last=False)


def _digest(text: str) -> bytes:
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).digest()
