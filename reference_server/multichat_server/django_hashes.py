"""
Password hashes as Django writes them: which of them can be checked, and whether a password fits.

All of Django's own hashers but those that were given up long ago (MD5, plain SHA-1, crypt), whose
hashes are no better than the passwords themselves. What a hash asks for is bounded: one that asks
for more than Django ever did is an attempt to keep a thread busy, and is no hash.
"""

import base64
import hashlib
import hmac
from collections.abc import Callable
from typing import Final

import argon2
import bcrypt

__all__ = ["NO_PASSWORD", "is_checkable", "is_hash_of"]

#: What Django stores, followed by anything, for who cannot log in by a password.
NO_PASSWORD: Final = "!"  # noqa: S105  # it is none

# Django's default has grown from 30,000 rounds (1.10) to over a million.
_MOST_PBKDF2_ROUNDS: Final = 10_000_000
# Django's: 16 MiB in 5 lanes.
_MOST_SCRYPT_BYTES: Final = 64 * 2**20
_MOST_SCRYPT_LANES: Final = 16
# Django's: 100 MiB, two passes, 8 lanes.
_MOST_ARGON2_KIB: Final = 256 * 2**10
_MOST_ARGON2_PASSES: Final = 16
# Django's is 12; each one more doubles the time, which is seconds at 16.
_MOST_BCRYPT_ROUNDS: Final = 16
# bcrypt looks at no more; newer versions of the library refuse what older ones cut.
_BCRYPT_BYTES: Final = 72
# The longest that Django 5 writes; its column has had 128 characters.
_LONGEST: Final = 1000

Check = Callable[[bytes], bool]


def is_checkable(stored: str) -> bool:
    """Tell whether a hash is one of Django's that passwords can be checked against."""
    return _check_of(stored) is not None


def is_hash_of(password: bytes, stored: str) -> bool:
    """Tell whether a password is the one of a hash; what is no hash fits none."""
    check = _check_of(stored)
    return check is not None and check(password)


def _check_of(stored: str) -> Check | None:
    """Return what checks a password against a hash; ``None`` if it is none of those known."""
    algorithm, dollar, rest = stored.partition("$")
    make = _MAKERS.get(algorithm)
    if make is None or not dollar or len(stored) > _LONGEST:
        return None
    if not stored.isprintable():
        # Nothing that Django writes, and not every database could keep it.
        return None
    try:
        return make(rest)
    except ValueError:  # also what base64 and int find wrong
        return None


def _pbkdf2(digest_name: str) -> Callable[[str], Check | None]:
    size = hashlib.new(digest_name, usedforsecurity=False).digest_size

    def make(rest: str) -> Check | None:
        rounds_text, salt, digest_text = rest.split("$")
        rounds, digest = int(rounds_text), base64.b64decode(digest_text, validate=True)
        salt_bytes = salt.encode()
        if not 0 < rounds <= _MOST_PBKDF2_ROUNDS or len(digest) != size:
            return None
        return lambda password: hmac.compare_digest(
            hashlib.pbkdf2_hmac(digest_name, password, salt_bytes, rounds), digest
        )

    return make


def _scrypt(rest: str) -> Check | None:
    cost_text, salt, block_text, lanes_text, digest_text = rest.split("$")
    cost, block, lanes = int(cost_text), int(block_text), int(lanes_text)
    digest = base64.b64decode(digest_text, validate=True)
    salt_bytes = salt.encode()
    memory = 128 * cost * block
    is_power = cost > 1 and cost & (cost - 1) == 0
    if not is_power or block < 1 or not 0 < lanes <= _MOST_SCRYPT_LANES:
        return None
    if memory > _MOST_SCRYPT_BYTES or len(digest) != 64:
        return None
    return lambda password: hmac.compare_digest(
        hashlib.scrypt(
            password,
            salt=salt_bytes,
            n=cost,
            r=block,
            p=lanes,
            # OpenSSL counts some small things in.
            maxmem=2 * memory + 2**20,
            dklen=64,
        ),
        digest,
    )


def _argon2(rest: str) -> Check | None:
    stored = f"${rest}"
    parameters = argon2.extract_parameters(stored)  # InvalidHashError is a ValueError
    if parameters.memory_cost > _MOST_ARGON2_KIB or parameters.time_cost > _MOST_ARGON2_PASSES:
        return None

    def check(password: bytes) -> bool:
        try:
            return argon2.PasswordHasher().verify(stored, password)
        except (argon2.exceptions.VerificationError, argon2.exceptions.InvalidHashError):
            return False

    return check


def _bcrypt(prepare: Callable[[bytes], bytes]) -> Callable[[str], Check | None]:
    def make(rest: str) -> Check | None:
        # Such as $2b$12$ and 53 characters of salt and digest, after the dollar of Django's.
        empty, version, rounds_text, salt_and_digest = rest.split("$")
        if empty or version not in ("2a", "2b", "2y") or len(salt_and_digest) != 53:
            return None
        if not 4 <= int(rounds_text) <= _MOST_BCRYPT_ROUNDS or not rest.isascii():
            return None

        def check(password: bytes) -> bool:
            try:
                return bcrypt.checkpw(prepare(password), rest.encode())
            except ValueError:  # of a salt that is none
                return False

        return check

    return make


_MAKERS: Final[dict[str, Callable[[str], Check | None]]] = {
    "pbkdf2_sha256": _pbkdf2("sha256"),
    "pbkdf2_sha1": _pbkdf2("sha1"),
    "scrypt": _scrypt,
    "argon2": _argon2,
    "bcrypt": _bcrypt(lambda password: password[:_BCRYPT_BYTES]),
    "bcrypt_sha256": _bcrypt(lambda password: hashlib.sha256(password).hexdigest().encode()),
}
