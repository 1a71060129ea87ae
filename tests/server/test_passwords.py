"""Passwords: Argon2id in few threads, Django's hashes, and nothing told by the time it takes."""

import base64
import hashlib
import threading

import argon2
import pytest
import trio
import trio.testing

from multichat_server.passwords import (
    LONGEST_PASSWORD,
    MOST_WAITING,
    Passwords,
    TooManyChecks,
    Verdict,
)


def django_hash(password: str, *, rounds: int = 30_000, salt: str = "KPMSyQ0mzOQ8") -> str:
    digest = hashlib.pbkdf2_hmac("sha256", password.encode(), salt.encode(), rounds)
    return f"pbkdf2_sha256${rounds}${salt}${base64.b64encode(digest).decode()}"


async def test_a_hash_is_argon2id_with_the_stated_parameters() -> None:
    stored = await Passwords().hash("correct horse")

    assert stored.startswith("$argon2id$v=19$m=19456,t=2,p=1$")


@pytest.mark.parametrize("password", ["correct horse", "пароль 😀", " ", "\ud800", "x" * 4096])
async def test_the_right_password_is_right_and_any_other_is_not(password: str) -> None:
    passwords = Passwords()
    stored = await passwords.hash(password)

    assert await passwords.verify(password, stored) == Verdict(is_right=True)
    assert await passwords.verify(password + "x", stored) == Verdict(is_right=False)
    assert await passwords.verify("", stored) == Verdict(is_right=False)


async def test_two_hashes_of_one_password_differ() -> None:
    passwords = Passwords()

    assert await passwords.hash("same") != await passwords.hash("same")


async def test_a_hash_with_other_parameters_is_replaced_at_the_next_login() -> None:
    """So the parameters can be raised later without asking anybody for a new password."""
    passwords = Passwords()
    weak = argon2.PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash("pw")

    verdict = await passwords.verify("pw", weak)

    assert verdict.is_right
    assert verdict.new_hash is not None
    assert await passwords.verify("pw", verdict.new_hash) == Verdict(is_right=True)
    assert await passwords.verify("no", weak) == Verdict(is_right=False)


async def test_a_hash_of_django_is_verified_and_replaced() -> None:
    passwords = Passwords()
    stored = django_hash("alice's password")

    verdict = await passwords.verify("alice's password", stored)

    assert verdict.is_right
    assert verdict.new_hash is not None
    assert verdict.new_hash.startswith("$argon2id$")
    assert await passwords.verify("bob's password", stored) == Verdict(is_right=False)


async def test_a_hash_that_django_itself_has_made_is_known() -> None:
    """The expected value is in Django 1.10's own tests of its hashers."""
    stored = "pbkdf2_sha256$30000$seasalt$VrX+V8drCGo68wlvy6rfu8i1d1pfkdeXA4LJkRGJodY="

    assert (await Passwords().verify("lètmein", stored)).is_right


@pytest.mark.parametrize(
    "stored",
    [
        None,
        "",
        "!",
        "md5$salt$0cc175b9c0f1b6a831c399e269772661",
        "pbkdf2_sha256$many$salt$AAAA",
        "pbkdf2_sha256$0$salt$AAAA",
        "pbkdf2_sha256$-5$salt$AAAA",
        "pbkdf2_sha256$999999999$salt$AAAA",
        "pbkdf2_sha256$1$salt$not base64",
        "pbkdf2_sha256$1$salt",
        "pbkdf2_sha1$1$salt$AAAA",
        "$argon2id$v=19$m=19456,t=2,p=1$broken",
        "$argon2",
    ],
)
async def test_what_is_no_hash_fits_no_password(stored: str | None) -> None:
    """``!`` is what Django stores for accounts that cannot log in."""
    assert await Passwords().verify("", stored) == Verdict(is_right=False)
    assert await Passwords().verify("a", stored) == Verdict(is_right=False)


@pytest.mark.parametrize("stored", [None, "!", django_hash("right", rounds=1)])
async def test_checking_in_vain_costs_a_hash_too(
    monkeypatch: pytest.MonkeyPatch, stored: str | None
) -> None:
    """The time must not tell which users there are."""
    passwords = Passwords()
    hashed: list[str] = []
    original = passwords._hash

    def note(password: str) -> str:
        hashed.append(password)
        return original(password)

    monkeypatch.setattr(passwords, "_hash", note)

    await passwords.verify("wrong", stored)

    assert hashed == ["wrong"]


async def test_a_password_beyond_all_bounds_is_not_hashed(monkeypatch: pytest.MonkeyPatch) -> None:
    passwords = Passwords()
    monkeypatch.setattr(passwords, "_hash", lambda _: pytest.fail("it was hashed"))

    assert await passwords.verify("x" * (LONGEST_PASSWORD + 1), None) == Verdict(is_right=False)


async def test_no_more_are_worked_on_at_a_time_than_stated(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A flood of logins must not take all processors or all memory."""
    passwords = Passwords(threads=2)
    lock = threading.Lock()
    both_are_in = threading.Barrier(2, timeout=60)
    inside = most = 0

    def slow(_: str) -> str:
        nonlocal inside, most
        with lock:
            inside += 1
            most = max(most, inside)
        both_are_in.wait()
        with lock:
            inside -= 1
        # Nobody enters before both have left, or the next pair could be counted with this one.
        both_are_in.wait()
        return ""

    monkeypatch.setattr(passwords, "_hash", slow)
    async with trio.open_nursery() as nursery:
        for _ in range(6):
            nursery.start_soon(passwords.verify, "x", None)

    assert most == 2


async def test_waiting_for_a_thread_can_be_cancelled(monkeypatch: pytest.MonkeyPatch) -> None:
    passwords = Passwords(threads=1)
    go_on = threading.Event()
    monkeypatch.setattr(passwords, "_hash", lambda _: str(go_on.wait(60)))
    async with trio.open_nursery() as nursery:
        nursery.start_soon(passwords.hash, "first")
        await trio.testing.wait_all_tasks_blocked()

        with trio.CancelScope() as second:
            second.cancel()
            await passwords.hash("second")
        go_on.set()

    assert second.cancelled_caught


async def test_only_so_many_checks_wait_for_a_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    """Those who come later are sent away at once, and the queue is worked off."""
    passwords = Passwords(threads=1)
    go_on = threading.Event()
    monkeypatch.setattr(passwords, "_hash", lambda _: str(go_on.wait(60)))
    verdicts: list[Verdict] = []

    async def check() -> None:
        verdicts.append(await passwords.verify("x", None))

    async with trio.open_nursery() as nursery:
        for _ in range(1 + MOST_WAITING):
            nursery.start_soon(check)
        await trio.testing.wait_all_tasks_blocked()

        try:
            with trio.fail_after(30), pytest.raises(TooManyChecks):
                await passwords.verify("x", None)
        finally:
            go_on.set()

    assert len(verdicts) == 1 + MOST_WAITING
    assert await passwords.verify("x", None) == Verdict(is_right=False)
