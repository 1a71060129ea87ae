"""Django's password hashes: each kind, made by Django itself; and what is none."""

import base64
import hashlib

import bcrypt
import pytest

from multichat_server.django_hashes import is_checkable, is_hash_of
from multichat_server.passwords import Passwords

# What Django 1.10.3 and 5.2 make of "lètmein".
MADE_BY_DJANGO = {
    "pbkdf2_sha256 of 1.10": "pbkdf2_sha256$30000$seasalt"
    "$VrX+V8drCGo68wlvy6rfu8i1d1pfkdeXA4LJkRGJodY=",
    "pbkdf2_sha256": "pbkdf2_sha256$1000$seasalt$JgZryXe2Ga8ysg6XbzkLpTdyPQrHqsinbL9BnnhgX4A=",
    "pbkdf2_sha1": "pbkdf2_sha1$1000$seasalt$ljleU4wBmTtz/MoG5YTwxpM0d7I=",
    "argon2": "argon2$argon2id$v=19$m=102400,t=2,p=8$WU5USTQwN01LVFF4UGZxaUg2MW1tVg"
    "$T6mhi5z4rQLQZyfF7iOe3Y/VwjONArmlPuJIMySMz9c",
    "bcrypt_sha256": "bcrypt_sha256$$2b$04$2uNdjG69qT8BxQrRzFWp2OQEyGWjWC6tyTt8RoTBJlY43cgubCmNi",
    "bcrypt": "bcrypt$$2b$04$W2ZOs4F.wTgh39v/0BzLve2vxGMtozxopkjRJ13uGt8xR9a/CIhcm",
    "scrypt": "scrypt$16384$seasalt$8$5$ECMIUp+LMxMSK8xB/IVyba+KYGTI7FTnet025q/1f/vBAVnnP3hdYqJu"
    "Ri+mJn6ji6ze3Fbb7JEFPKGpuEf5vw==",
}
B32 = base64.b64encode(bytes(32)).decode()
B64 = base64.b64encode(bytes(64)).decode()
BCRYPT = "x" * 53


@pytest.mark.parametrize("stored", MADE_BY_DJANGO.values(), ids=MADE_BY_DJANGO)
def test_a_hash_that_django_made_fits_its_password_alone(stored: str) -> None:
    assert is_checkable(stored)
    assert is_hash_of("lètmein".encode(), stored)
    assert not is_hash_of("lètmeiN".encode(), stored)
    assert not is_hash_of(b"", stored)


@pytest.mark.parametrize("stored", MADE_BY_DJANGO.values(), ids=MADE_BY_DJANGO)
async def test_it_is_replaced_at_the_login(stored: str) -> None:
    passwords = Passwords(memory_kib=8)

    verdict = await passwords.verify("lètmein", stored)

    assert verdict.is_right
    assert verdict.new_hash is not None
    assert verdict.new_hash.startswith("$argon2id$")
    assert (await passwords.verify("lètmein", verdict.new_hash)).is_right
    assert not (await passwords.verify("letmein", stored)).is_right


def test_bcrypt_looks_at_72_bytes_as_it_did_under_django() -> None:
    """Newer versions of the library refuse longer passwords; people's logins must not."""
    stored = "bcrypt$" + bcrypt.hashpw(b"x" * 72, bcrypt.gensalt(4)).decode()

    assert is_hash_of(b"x" * 100, stored)
    assert not is_hash_of(b"x" * 71, stored)


NO_HASHES = [
    "",
    "!",
    "!rJmZAAEV8pstxeVRWjtjnoWXPtZ3v1bteEERecOg",
    "md5$seasalt$3f86d0d3d465b7b458c231bf3555c0e3",
    "sha1$seasalt$cff36ea83f5706ce9aa7454e63e431fc726b2dc8",
    "88a434c88cca4e900f7874cd98123f43",
    "pbkdf2_sha256",
    f"pbkdf2_sha256$many$salt${B32}",
    f"pbkdf2_sha256$0$salt${B32}",
    f"pbkdf2_sha256$-5$salt${B32}",
    f"pbkdf2_sha256$10000001$salt${B32}",
    f"pbkdf2_sha256$1{'0' * 5000}$salt${B32}",
    f"pbkdf2_sha256$1$salt\udcff${B32}",
    f"pbkdf2_sha256$1$sa\0lt${B32}",
    "pbkdf2_sha256$1$salt$AAAA",
    "pbkdf2_sha256$1$salt$not base64",
    "pbkdf2_sha256$1$salt",
    f"pbkdf2_sha1$1$salt${B32}",
    f"scrypt$16383$salt$8$5${B64}",
    f"scrypt$1$salt$8$5${B64}",
    f"scrypt$1048576$salt$8$5${B64}",
    f"scrypt$16384$salt$0$5${B64}",
    f"scrypt$16384$salt$8$17${B64}",
    f"scrypt$16384$salt$8$0${B64}",
    f"scrypt$16384$salt$8$5${B32}",
    "argon2$argon2id$v=19$m=102400,t=2,p=8$broken",
    "argon2$",
    "argon2$argon2id$v=19$m=9999999,t=2,p=8$AAAA$AAAA",
    "argon2$argon2id$v=19$m=8,t=1000,p=1$AAAA$AAAA",
    f"bcrypt$$2b$17${BCRYPT}",
    f"bcrypt$$2b$03${BCRYPT}",
    f"bcrypt$$2x$04${BCRYPT}",
    f"bcrypt$2b$04${BCRYPT}",
    f"bcrypt$$2b$04${'é' * 53}",
    "bcrypt$$2b$04$short",
]


@pytest.mark.parametrize("stored", NO_HASHES, ids=range(len(NO_HASHES)))
def test_what_is_no_hash_or_asks_for_too_much_is_none(stored: str) -> None:
    assert not is_checkable(stored)
    assert not is_hash_of(b"", stored)
    assert not is_hash_of(b"letmein", stored)


def test_a_salt_that_bcrypt_does_not_read_fits_nothing() -> None:
    stored = f"bcrypt$$2b$04${'%' * 53}"

    assert not is_hash_of(b"password", stored)


def test_what_an_argon2_library_finds_wrong_later_fits_nothing() -> None:
    stored = "argon2$argon2id$v=19$m=8,t=1,p=1$AAAA$AAAA"

    assert is_checkable(stored)
    assert not is_hash_of(b"password", stored)


def test_the_rounds_of_todays_django_are_within_bounds() -> None:
    """Django 5.2: one million PBKDF2 rounds."""
    digest = base64.b64encode(hashlib.pbkdf2_hmac("sha256", b"pw", b"salt", 1_000_000)).decode()

    assert is_hash_of(b"pw", f"pbkdf2_sha256$1000000$salt${digest}")
