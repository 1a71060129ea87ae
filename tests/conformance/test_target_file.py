"""Target files: what they say, and what is said of one that is wrong."""

import dataclasses
from pathlib import Path

import jsonschema
import pytest

from multichat_conformance.catalogue import Group
from multichat_conformance.target import Account, Hooks, Limits, Login, Room, Start, Target
from multichat_conformance.target.file import (
    TargetFileError,
    filled_in,
    free_port,
    is_room_id,
    load_target,
    ready_values,
    target_schema,
    wrong_url,
)
from multichat_conformance.target.model import HOOKS
from tests.house.repository import ROOT

WHOLE = """
name = "mine"
url = "ws://127.0.0.1:{port}/chat/stream/"
version = "v1"
origin = "https://chat.example"
deviations = "deviations.toml"
groups = ["safe", "load"]

[start]
command = ["{python}", "server.py"]
ready = "json"
timeout_seconds = 5
environment = { MODE = "test" }

[login]
recipe = "header"
path = "/in/"
logout_path = "/out/"
session_cookie = "sid"

[[accounts]]
username = "alice"
header = "Authorization: Bearer abc"

[[accounts]]
username = "dave"
cookie = "sid=1"
staff = true

[[rooms]]
id = "1"
title = "Lobby"

[[rooms]]
id = "2"
staff_only = true

[capabilities]
announces = false

[limits]
frame_bytes = 1000
vanish_seconds = 2.5
rooms_per_connection = false

[hooks]
url = "{hooks}"
offers = ["make_staff"]
[hooks.commands]
deactivate = ["./manage", "deactivate", "{username}"]
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "target.toml"


def loaded(file: Path, text: str) -> Target:
    file.write_text(text, encoding="utf-8")
    return load_target(file)


def test_everything_that_a_file_can_say(file: Path) -> None:
    assert loaded(file, WHOLE) == Target(
        name="mine",
        url="ws://127.0.0.1:{port}/chat/stream/",
        origin="https://chat.example",
        login=Login("header", "/in/", "/out/", "sid"),
        accounts=(
            Account("alice", None, {"Authorization": "Bearer abc"}),
            Account("dave", None, {"Cookie": "sid=1"}, staff=True),
        ),
        rooms=(Room("1", "Lobby"), Room("2", None, staff_only=True)),
        announces=False,
        limits=Limits(frame_bytes=1000, vanish_seconds=2.5, rooms_per_connection=False),
        hooks=Hooks(
            "{hooks}", ("make_staff",), {"deactivate": ("./manage", "deactivate", "{username}")}
        ),
        start=Start(("{python}", "server.py"), "json", 5, {"MODE": "test"}),
        groups=(Group.SAFE, Group.LOAD),
        deviations=file.parent / "deviations.toml",
        file=file,
    )


def test_a_file_that_says_as_little_as_it_can(file: Path) -> None:
    target = loaded(file, 'url = "wss://chat.example/chat/stream/"')

    assert target == Target(
        url="wss://chat.example/chat/stream/", name="wss://chat.example/chat/stream/", file=file
    )
    assert target.announces
    assert target.login == Login(
        "django-form", "/accounts/login/", "/accounts/logout/", "sessionid"
    )


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "'url' is a required property"),
        ("url = 1", "url: 1 is not of type 'string'"),
        ('url = "http://x/"', "url: 'http://x/' does not begin with ws:// or wss://"),
        ('url = "ws:///x"', "names no host"),
        ('url = "ws://x:99999/"', "is no address"),
        ('url = "ws://x:0/"', "names port 0"),
        ('url = "ws://x/\u00e9"', "holds a character that no address may hold"),
        ('url = "ws://x/"\nca_file = "no.pem"', "ca_file: there is no file"),
        ('url = "ws://x/"\nurll = 1', "'urll' was unexpected"),
        ('url = "ws://x/"\nversion = "v2"', "version: 'v2' is not one of ['v1']"),
        ('url = "ws://x/"\n[limits]\nframe_bytes = true', "limits.frame_bytes"),
        ('url = "ws://x/"\n[limits]\nframe_bytes = 0', "limits.frame_bytes"),
        ('url = "ws://x/"\n[limits]\nframe_bytes = nan', "limits.frame_bytes: nan is no number"),
        (
            'url = "ws://x/"\n[start]\ncommand = ["x"]\ntimeout_seconds = inf',
            "start.timeout_seconds",
        ),
        ('url = "ws://x/"\n[start]\ncommand = []', "start.command"),
        ('url = "ws://x/"\n[[rooms]]\nid = "01"', "rooms[0].id"),
        (
            'url = "ws://x/"\n[[rooms]]\nid = "1"\n[[rooms]]\nid = "1"',
            "rooms[1].id: '1' is there twice",
        ),
        ('url = "ws://x/"\n[[accounts]]\nstaff = true', "accounts[0]: 'username' is a required"),
        ('url = "ws://x/"\n[[rooms]]\nid = "1\\n"', "rooms[0].id: '1\\n' is no canonical id"),
        (
            'url = "ws://x/"\n[[accounts]]\nusername = "a"\n[[accounts]]\nusername = "a"',
            "accounts[1].username: 'a' is there twice",
        ),
        (
            'url = "ws://x/"\n[[accounts]]\nusername = "a"\npassword_env = "NO_SUCH_VARIABLE"',
            "accounts[0].password_env: the variable NO_SUCH_VARIABLE is not set",
        ),
        (
            'url = "ws://x/"\n[[accounts]]\nusername = "a"\nheader = "no colon"',
            "accounts[0].header: is not of the form Name: value",
        ),
        (
            'url = "ws://x/"\n[[accounts]]\nusername = "a"\nheader = "A: b\\r\\nC: d"',
            "accounts[0]: a header holds a character",
        ),
        ('url = "ws://x/"\n[hooks]\noffers = ["stop"]', "hooks.offers: needs hooks.url"),
        ('url = "ws://x/"\n[hooks]\nurl = "u"\noffers = ["explode"]', "hooks.offers[0]"),
        ("url = ", "is no TOML"),
    ],
)
def test_what_is_wrong_is_said_with_its_place(file: Path, text: str, said: str) -> None:
    with pytest.raises(TargetFileError) as caught:
        loaded(file, text)

    assert str(caught.value).startswith(("cannot read", str(file)))
    assert said in str(caught.value)


@pytest.mark.parametrize("line", ["password = 12345", "header = [12345]", "cookie = 12345"])
def test_a_secret_of_the_wrong_type_is_not_printed(file: Path, line: str) -> None:
    with pytest.raises(TargetFileError, match=r"accounts\[0\]\.\w+: it is no string") as caught:
        loaded(file, f'url = "ws://x/"\n[[accounts]]\nusername = "a"\n{line}')

    assert "12345" not in str(caught.value)


def test_a_header_that_is_wrong_is_not_printed(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOKEN", "secret-token")
    with pytest.raises(TargetFileError) as caught:
        loaded(file, 'url = "ws://x/"\n[[accounts]]\nusername = "a"\nheader_env = "TOKEN"')

    assert "secret" not in str(caught.value)


def test_secrets_come_from_the_environment(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in (("P", "pass"), ("H", "X-Key:  k "), ("C", "sid=1")):
        monkeypatch.setenv(name, value)
    accounts = [
        loaded(file, f'url = "ws://x/"\n[login]\nrecipe = "{recipe}"\n{account}').accounts[0]
        for recipe, account in (
            ("django-form", '[[accounts]]\nusername = "a"\npassword_env = "P"'),
            ("header", '[[accounts]]\nusername = "a"\nheader_env = "H"'),
            ("cookie", '[[accounts]]\nusername = "a"\ncookie_env = "C"'),
        )
    ]

    assert [account.password for account in accounts] == ["pass", None, None]
    assert [dict(a.headers) for a in accounts] == [{}, {"X-Key": "k"}, {"Cookie": "sid=1"}]
    assert "pass" not in repr(accounts)
    assert "sid=1" not in repr(accounts)


@pytest.mark.parametrize(
    ("recipe", "what"), [("django-form", "password"), ("header", "header"), ("cookie", "cookie")]
)
def test_an_account_that_cannot_log_in_is_refused(file: Path, recipe: str, what: str) -> None:
    text = f'url = "ws://x/"\n[login]\nrecipe = "{recipe}"\n[[accounts]]\nusername = "a"'

    with pytest.raises(TargetFileError, match=rf"accounts\[0\]: nobody .* without a {what}: add"):
        loaded(file, text)


def test_an_account_of_a_server_without_login_needs_nothing(file: Path) -> None:
    text = 'url = "ws://x/"\n[login]\nrecipe = "none"\n[[accounts]]\nusername = "a"'

    assert loaded(file, text).accounts[0].username == "a"


def test_a_port_that_nobody_fills_in_is_refused(file: Path) -> None:
    with pytest.raises(TargetFileError, match=r"url: \{port\} is known only where \[start\]"):
        loaded(file, 'url = "ws://127.0.0.1:{port}/"')


def test_a_file_that_begins_with_a_byte_order_mark(file: Path) -> None:
    assert loaded(file, '\ufeffurl = "ws://x/"').url == "ws://x/"


@pytest.mark.skipif(not Path("/dev/zero").exists(), reason="there is no such device here")
def test_a_device_that_never_ends() -> None:
    with pytest.raises(TargetFileError, match="has more than 1,048,576 bytes"):
        load_target(Path("/dev/zero"))


def test_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    (tmp_path / "binary").write_bytes(b"\xff\xfe")
    for name in ("missing", "binary", "."):
        with pytest.raises(TargetFileError, match="cannot read the target file"):
            load_target(tmp_path / name)


def test_a_file_nested_without_end(tmp_path: Path) -> None:
    file = tmp_path / "target.toml"
    file.write_text(f"url = {'[' * 100_000}", encoding="utf-8")

    with pytest.raises(TargetFileError, match="nested deeper"):
        load_target(file)


def test_names_in_braces_are_filled_in_when_they_are_known() -> None:
    assert filled_in("{a}-{b}-{A}-{}", {"a": "1"}) == "1-{b}-{A}-{}"
    assert filled_in("{a}", {"a": "{b}", "b": "2"}) == "{b}"
    assert set(ready_values(80)) == {"port", "python"}


def test_a_url_may_be_a_name_in_braces(file: Path) -> None:
    assert loaded(file, 'url = "{websocket}"').url == "{websocket}"


@pytest.mark.parametrize("url", ["ws://x/", "wss://[::1]:8000/chat/stream/?x=1", "ws://x:1"])
def test_an_address_that_can_be_one(url: str) -> None:
    assert wrong_url(url) == ""


@pytest.mark.parametrize(
    "url", ["", "x", "http://x/", "ws://", "ws://[::1/", "ws://x y/", "ws://x:y/"]
)
def test_an_address_that_cannot_be_one(url: str) -> None:
    assert wrong_url(url)


@pytest.mark.parametrize(
    "url",
    [
        "ws://alice:hunter22@x/",
        "ws://hunter22@x/",
        "http://alice:hunter22@x/",
        "ws://alice:hunter22@x:y/",
        "ws://x:0/?key=hunter22",
        "http://x/?key=hunter22",
        "ws://x:y/?key=hunter22",
    ],
)
def test_a_secret_in_an_address_is_not_printed(url: str) -> None:
    assert wrong_url(url)
    assert "hunter22" not in wrong_url(url)


def test_an_at_sign_after_the_host_is_no_user() -> None:
    assert wrong_url("ws://x/@y?z=@") == ""


def test_a_room_id_is_canonical() -> None:
    """MC1-ROOM-01: one decimal form an id."""
    assert [text for text in ("1", "42", "0", "01", "-1", "x", "", "1\n") if is_room_id(text)] == [
        "1",
        "42",
    ]


def test_a_free_port_can_be_bound() -> None:
    assert 0 < free_port() < 65536


def test_the_schema_says_what_the_model_has() -> None:
    schema = target_schema()
    jsonschema.Draft202012Validator.check_schema(schema)
    parts = schema["properties"]

    assert set(parts["hooks"]["properties"]["offers"]["items"]["enum"]) == set(HOOKS)
    assert set(parts["hooks"]["properties"]["commands"]["properties"]) == set(HOOKS)
    assert set(parts["limits"]["properties"]) == {f.name for f in dataclasses.fields(Limits)}
    assert set(parts["login"]["properties"]) == {f.name for f in dataclasses.fields(Login)}
    assert set(parts["start"]["properties"]) == {f.name for f in dataclasses.fields(Start)}
    assert parts["groups"]["items"]["enum"] == [group.value for group in Group]


@pytest.mark.parametrize(
    "path",
    sorted((ROOT / "conformance/targets").glob("*/target*.toml")),
    ids=lambda p: p.parent.name,
)
def test_the_targets_of_the_repository_can_be_read(path: Path) -> None:
    target = load_target(path)

    assert target.start is not None
    assert target.deviations is not None
