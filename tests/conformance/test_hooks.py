"""Hooks are pulled by HTTP or by a command; what fails is the suite's trouble, not the target's."""

import json
import sys
from pathlib import Path

import pytest
import trio
from trio.testing import wait_all_tasks_blocked

from multichat_conformance.findings import HarnessError, NotTested
from multichat_conformance.secrets import MASK, Redactor
from multichat_conformance.target import Hooks, Target, hooks
from multichat_conformance.target.hooks import described, pull
from multichat_conformance.target.model import HOOKS
from tests.conformance.web_server import page, web_server

WRITE = "import json, sys; print('working'); print(json.dumps(sys.argv[1:]))"


def with_commands(file: Path | None = None, **commands: tuple[str, ...]) -> Target:
    return Target(url="ws://x/", hooks=Hooks(commands=commands), file=file)


def python(code: str, *arguments: str) -> tuple[str, ...]:
    return (sys.executable, "-c", code, *arguments)


async def test_a_hook_is_a_post_with_its_arguments() -> None:
    async with web_server(lambda _: page(200, '{"room": 7}')) as server:
        target = Target(
            url="ws://x/", hooks=Hooks(f"http://{server.address}/hooks", ("create_room",))
        )
        returned = await pull(target, Redactor(), "create_room", {"title": "Küche"})

    (asked,) = server.asked
    assert returned == {"room": "7"}
    assert (asked.method, asked.path) == ("POST", "/hooks/create_room")
    assert json.loads(asked.body) == {"title": "Küche"}
    assert asked.headers["content-type"] == "application/json"


@pytest.mark.parametrize(
    "answer", [page(204), page(200, "{}"), page(200, "done"), page(200, "[1]")]
)
async def test_a_hook_need_not_return_anything(answer: bytes) -> None:
    async with web_server(lambda _: answer) as server:
        target = Target(url="ws://x/", hooks=Hooks(f"http://{server.address}/", ("store_away",)))

        assert await pull(target, Redactor(), "store_away", {}) == {}


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (page(500, "the database is locked"), "answers 500: the database is locked"),
        (page(404, "x" * 1000), "(700 more characters)"),
        (page(302, "", "Location: /login"), "answers 302"),
        (b"", "failed"),
    ],
)
async def test_a_hook_that_fails_is_the_suites_trouble(answer: bytes, said: str) -> None:
    async with web_server(lambda _: answer) as server:
        target = Target(url="ws://x/", hooks=Hooks(f"http://{server.address}/", ("store_away",)))
        with pytest.raises(HarnessError) as caught:
            await pull(target, Redactor(), "store_away", {})

    assert "store_away" in str(caught.value)
    assert said in str(caught.value)


async def test_an_address_that_is_none_of_http() -> None:
    target = Target(url="ws://x/", hooks=Hooks("file:///etc/", ("store_away",)))
    with pytest.raises(HarnessError, match="no HTTP address"):
        await pull(target, Redactor(), "store_away", {})


async def test_a_hook_as_a_command() -> None:
    """Each word is filled in by itself: nothing in an argument is taken for another word."""
    target = with_commands(
        announce=python(WRITE, "{room}", "{type}:{text}", "{username}", "{other}")
    )
    arguments: dict[str, str | int] = {
        "room": "1",
        "type": 2,
        "text": "a b; {room} $HOME",
        "username": "dave",
    }
    returned = await pull(target, Redactor(), "announce", arguments)

    assert json.loads(returned["room"]) == ["1", "2:a b; {room} $HOME", "dave", "{other}"]


async def test_a_command_runs_beside_its_file(tmp_path: Path) -> None:
    target = with_commands(
        tmp_path / "target.toml", create_room=python("import os; print(os.getcwd())")
    )

    assert await pull(target, Redactor(), "create_room", {"title": "x"}) == {"room": str(tmp_path)}


async def test_a_command_that_says_nothing() -> None:
    assert await pull(with_commands(stop=python("")), Redactor(), "stop", {}) == {}


async def test_a_command_goes_before_the_address() -> None:
    both = Target(
        url="ws://x/", hooks=Hooks("http://127.0.0.1:1/", ("stop",), {"stop": python("")})
    )

    assert await pull(both, Redactor(), "stop", {}) == {}


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("import sys; sys.exit('no such user')", "ended with 1: no such user"),
        ("import sys; sys.exit(3)", "ended with 3: it said nothing"),
        ("import sys; sys.stderr.buffer.write(b'\\xff'); sys.exit(1)", "ended with 1: \ufffd"),
    ],
)
async def test_a_command_that_fails(code: str, said: str) -> None:
    with pytest.raises(HarnessError, match=f"the hook stop {said}"):
        await pull(with_commands(stop=python(code)), Redactor(), "stop", {})


async def test_a_command_that_is_not_there() -> None:
    with pytest.raises(HarnessError, match="the hook stop cannot be run"):
        await pull(with_commands(stop=("no-such-program-here",)), Redactor(), "stop", {})


async def test_a_command_that_hangs_is_killed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hooks, "LONGEST", 0.05)
    with pytest.raises(HarnessError, match="the hook stop took more than"):
        await pull(
            with_commands(stop=python("import signal; signal.pause()")), Redactor(), "stop", {}
        )


async def test_cancelling_kills_the_command(tmp_path: Path) -> None:
    """The FIFO is closed when the command is gone, and only then."""
    fifo = tmp_path / "fifo"
    code = (
        f"import os, signal; os.mkfifo({str(fifo)!r}); f = open({str(fifo)!r}, 'w'); signal.pause()"
    )
    async with trio.open_nursery() as nursery:
        nursery.start_soon(pull, with_commands(stop=python(code)), Redactor(), "stop", {})
        while not fifo.exists():
            await wait_all_tasks_blocked(0.005)
        reader = await trio.open_file(fifo)
        nursery.cancel_scope.cancel()
    with trio.fail_after(10):
        assert await reader.read() == ""
    await reader.aclose()


async def test_what_is_not_offered_is_not_tested() -> None:
    with pytest.raises(NotTested, match="the target file offers no hook stop"):
        await pull(Target(url="ws://x/"), Redactor(), "stop", {})


async def test_a_story_that_pulls_with_wrong_arguments_is_wrong() -> None:
    with pytest.raises(ValueError, match="takes"):
        await pull(Target(url="ws://x/"), Redactor(), "make_staff", {"user": "alice"})


async def test_secrets_among_the_arguments_are_hidden() -> None:
    redactor = Redactor()
    target = with_commands(expire_session=python(""), change_password=python(""))
    await pull(target, redactor, "expire_session", {"session": "key-of-alice"})
    await pull(target, redactor, "change_password", {"username": "a", "password": "new-pass"})

    assert redactor.clean("key-of-alice new-pass") == f"{MASK} {MASK}"
    assert described("change_password", {"username": "alice", "password": "x"}) == (
        'change_password {"username": "alice"}'
    )
    assert described("stop", {}) == "stop"


def test_each_hook_has_its_arguments() -> None:
    assert HOOKS["announce"] == ("room", "type", "text", "username")
