"""A database that Django itself made comes over, and its people log in and chat."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from multichat_cli.exit_codes import ExitCode
from tests.support.served import admin, served
from tests.targets.chat import open_chat
from tests.targets.conftest import FIRST_USE
from tests.targets.running import run_target
from tests.targets.target import TARGETS, RunningTarget

TARGETS_OF_DJANGO = [
    pytest.param("original", marks=[pytest.mark.original, FIRST_USE]),
    pytest.param("modern", marks=[pytest.mark.slow, FIRST_USE]),
]

# What an admin of a real site has done in the course of time.
HISTORY = """
from django.contrib.auth.hashers import PBKDF2PasswordHasher, PBKDF2SHA1PasswordHasher
from django.contrib.auth.hashers import make_password
from django.contrib.auth.models import User
from chat.models import Room
for name, hasher in ("default", PBKDF2PasswordHasher()), ("sha1", PBKDF2SHA1PasswordHasher()):
    User.objects.create(username=name, password=hasher.encode("%s-demo" % name, "salt"))
User.objects.create(username="gone", password=make_password("gone-demo"), is_active=False)
User.objects.create(username="by-mail", password=make_password(None))
User.objects.create(username="Alice", password=make_password("Alice-demo"))
User.objects.create(username="two words", password=make_password("two words-demo"))
User.objects.create(username="old", password="md5$salt$0cc175b9c0f1b6a831c399e269772661")
Room.objects.filter(pk=2).delete()
Room.objects.create(title="after a gap")
Room.objects.create(title=" ")
"""
PASSWORDS = {
    name: f"{name}-demo"
    for name in ("admin", "dave-staff", "alice", "bob", "carol", "default", "sha1", "Alice")
}


@pytest.fixture(scope="module", params=TARGETS_OF_DJANGO)
def django(request: pytest.FixtureRequest) -> Iterator[RunningTarget]:
    """Django, running: its database is read while it is in use."""
    with run_target(TARGETS / request.param / "run.py") as (ready, process):
        subprocess.run(
            [*ready["manage"], "shell", "-c", HISTORY],
            env=ready["environment"],
            check=True,
        )
        yield RunningTarget(request.param, ready, process)


def message(username: str, text: str | None, msg_type: int) -> dict[str, Any]:
    return {"room": "3", "message": text, "username": username, "msg_type": msg_type}


def test_people_log_in_and_chat_as_before(django: RunningTarget, tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'chat.sqlite3'}"
    source = django.ready["database"]

    tried = admin(url, "import-django", source, "--dry-run", status=ExitCode.INCOMPLETE)
    events = admin(url, "import-django", source, status=ExitCode.INCOMPLETE)

    done = events.pop()
    assert {**tried.pop(), "dry_run": False} == done
    assert tried == events
    assert [(event["name"], event["code"]) for event in events] == [
        ("by-mail", "no_password"),
        ("Alice", "looks_alike"),
        ("two words", "left_out"),
        ("old", "password_lost"),
        (" ", "left_out"),
    ]
    assert (done["users_added"], done["rooms_added"]) == (11, 4)
    assert [(r["id"], r["title"], r["staff_only"]) for r in admin(url, "room", "list")] == [
        (4, "<b>Тест</b> 😀", False),
        (5, "after a gap", False),
        (1, "room 1", False),
        (3, "staff room", True),
    ]
    with served(url, passwords=PASSWORDS) as ours:
        for name in PASSWORDS:
            assert ours.log_in(name)
            # The second time by the new hash.
            assert ours.log_in(name)
        for name in ("gone", "by-mail", "two words", "old"):
            assert ours.try_log_in(name, f"{name}-demo").status == 200
        with (
            open_chat(ours, ours.session("dave-staff")) as dave,
            open_chat(ours, ours.session("admin")) as boss,
            open_chat(ours, ours.session("alice")) as alice,
        ):
            assert dave.asks("join", "3") == {"join": "3", "title": "staff room"}
            assert boss.asks("join", "3") == {"join": "3", "title": "staff room"}
            assert dave.hears() == message("admin", None, 4)
            assert boss.asks("send", "3", message="hi") == message("admin", "hi", 0)
            assert dave.hears() == message("admin", "hi", 0)
            assert alice.asks("join", "3") == {"error": "ROOM_ACCESS_DENIED"}
            assert alice.asks("join", "2") == {"error": "ROOM_INVALID"}
            assert alice.asks("join", "5") == {"join": "5", "title": "after a gap"}
    assert admin(url, "import-django", source, status=ExitCode.INCOMPLETE)[-1]["users_added"] == 0


def test_django_goes_on(django: RunningTarget) -> None:
    """It was read while it ran, and nothing of it was changed."""
    with open_chat(django, django.session("bob")) as bob:
        assert bob.asks("join", "1") == {"join": "1", "title": "room 1"}
    assert django.pull("create_room", title="new")["room"]
