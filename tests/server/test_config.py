"""The settings: defaults, places, ranges, and the sentences that say what is wrong."""

import dataclasses
from pathlib import Path

import pytest

from multichat_server.config import SETTINGS, ConfigError, Settings, load_settings


def refusal(**places: object) -> str:
    with pytest.raises(ConfigError) as caught:
        load_settings(**places)  # type: ignore[arg-type]  # the tests give each its own place
    return str(caught.value)


def write(folder: Path, text: str | bytes) -> Path:
    file = folder / "multichat.toml"
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    return file


def test_nothing_said_means_the_defaults() -> None:
    assert load_settings() == Settings()


def test_each_setting_describes_itself() -> None:
    fields = [field.name for field in dataclasses.fields(Settings)]

    assert [info.name for info in SETTINGS] == fields
    for info in SETTINGS:
        assert info.meaning.endswith("."), info
        assert info.default == getattr(Settings(), info.name)
        assert info.expected
        # A number that is no plain count of nothing in particular says what it counts.
        if not isinstance(info.default, bool) and isinstance(info.default, int | float):
            assert info.unit or info.name == "port"


def test_a_setting_has_one_name_in_three_spellings() -> None:
    info = next(info for info in SETTINGS if info.name == "max_frame_bytes")

    assert (info.flag, info.variable) == ("--max-frame-bytes", "MULTICHAT_MAX_FRAME_BYTES")


def test_flags_win_over_the_environment_and_that_over_the_file(tmp_path: Path) -> None:
    file = write(tmp_path, 'port = 1\nhost = "file.example"\nping_interval = 1\n')

    settings = load_settings(
        file=file,
        environ={"MULTICHAT_PORT": "2", "MULTICHAT_HOST": "environment.example", "HOME": "/"},
        flags={"port": 3, "ping_timeout": None},
    )

    assert (settings.port, settings.host) == (3, "environment.example")
    assert (settings.ping_interval, settings.ping_timeout) == (1.0, 30.0)


@pytest.mark.parametrize(
    ("name", "raw", "value"),
    [
        ("port", "65_535", 65_535),
        ("port", " 80 ", 80),
        ("announce", "Off", False),
        ("announce", "1", True),
        ("secure_cookies", True, True),
        ("command_rate", "2.5e1", 25.0),
        ("command_rate", 3, 3.0),
        ("command_rate", "0", 0.0),
        ("allowed_origins", "https://A.example:443, http://b.example:8080/", None),
        ("allowed_origins", ["https://a.example", "http://b.example:8080"], None),
        ("allowed_origins", "", ()),
        ("allowed_origins", "http://[::1]:80", ("http://[::1]",)),
        ("trusted_proxies", "127.0.0.1, 10.0.0.0/8,::1", ("127.0.0.1/32", "10.0.0.0/8", "::1/128")),
        ("message_types", "6:celebration, 10:poll", ("6:celebration", "10:poll")),
        ("database_url", "postgresql+psycopg://u:p@db/chat", "postgresql+psycopg://u:p@db/chat"),
    ],
)
def test_values_are_read_from_text_and_from_their_own_types(
    name: str, raw: object, value: object
) -> None:
    if value is None:
        value = ("https://a.example", "http://b.example:8080")

    assert getattr(load_settings(flags={name: raw}), name) == value
    if isinstance(raw, str):
        assert getattr(load_settings(environ={f"MULTICHAT_{name.upper()}": raw}), name) == value


@pytest.mark.parametrize(
    ("name", "raw", "sentence"),
    [
        ("port", "http", "expected a whole number from 0 to 65535, got 'http'"),
        ("port", -1, "expected a whole number from 0 to 65535, got -1"),
        ("port", 65_536, "expected a whole number from 0 to 65535, got 65536"),
        ("port", True, "expected a whole number from 0 to 65535, got True"),
        ("port", 80.0, "expected a whole number from 0 to 65535, got 80.0"),
        ("port", "٣", "expected a whole number from 0 to 65535, got '\\u0663'"),
        ("max_connections", 0, "expected a whole number of at least 1, got 0"),
        ("ping_interval", 0, "expected a number above 0, got 0"),
        ("ping_interval", "nan", "expected a number above 0, got 'nan'"),
        ("ping_interval", float("inf"), "expected a number above 0, got inf"),
        ("ping_interval", "1e999", "expected a number above 0, got '1e999'"),
        ("ping_interval", 10**400, f"expected a number above 0, got 1{'0' * 59}…"),
        ("ping_interval", None.__class__, "expected a number above 0, got <class 'NoneType'>"),
        ("command_rate", "9" * 61, f"expected a number of at least 0, got '{'9' * 59}…"),
        ("announce", "perhaps", "expected true or false, got 'perhaps'"),
        ("announce", 1, "expected true or false, got 1"),
        ("host", "two words", "expected a host name or address without spaces"),
        ("host", "", "expected a host name or address without spaces"),
        ("host", 5, "expected a text, got 5"),
        ("allowed_origins", 5, "expected a list of texts, got 5"),
        ("allowed_origins", ["http://a", 5], "expected a list of texts, got ['http://a', 5]"),
    ],
)
def test_what_does_not_fit_is_refused_with_a_sentence(
    name: str, raw: object, sentence: str
) -> None:
    assert refusal(flags={name: raw}) == f"flag --{name.replace('_', '-')}: {sentence}"


@pytest.mark.parametrize(
    "text",
    [
        "5:enter",
        "0:message",
        "-6:x",
        "06:x",
        "6",
        "6:",
        ":x",
        "6:X",
        "6:" + "x" * 31,
        "9999999999:x",
    ],
)
def test_only_a_number_and_a_name_are_a_type_of_message(text: str) -> None:
    """MC1-TYPE-01 has its own; nobody can be told to send what a person or the room says."""
    assert "such as 6:celebration" in refusal(flags={"message_types": [text]})


def test_each_type_of_message_has_one_name() -> None:
    assert refusal(flags={"message_types": ["6:a", "6:b"]}) == (
        "flag --message-types: expected each number once, got 6:a, 6:b"
    )


@pytest.mark.parametrize("text", ["proxy.example", "10.0.0.0/33", "10.0.0.1/8", "*", ""])
def test_only_an_address_or_a_network_is_one(text: str) -> None:
    assert "such as 10.0.0.1 or 10.0.0.0/8" in refusal(flags={"trusted_proxies": [text]})


@pytest.mark.parametrize(
    "origin",
    [
        "*",
        "null",
        "chat.example",
        "ftp://chat.example",
        "https://",
        "https://chat.example/path",
        "https://chat.example?",
        "https://chat.example#",
        "https://me@chat.example",
        "https://chat.example:port",
        "https://[::1",
        "https://чат.example",
        "https://*.example",
    ],
)
def test_only_an_origin_is_an_origin(origin: str) -> None:
    """A pattern or a path would never match what browsers send, and allow nobody in silence."""
    assert "expected an origin such as https://" in refusal(flags={"allowed_origins": [origin]})


def test_a_database_url_is_not_shown_because_it_may_hold_a_password() -> None:
    sentence = refusal(environ={"MULTICHAT_DATABASE_URL": "mysql://chat:hunter2@db/chat"})

    assert sentence.startswith("environment MULTICHAT_DATABASE_URL: expected a URL that begins")
    assert "hunter2" not in sentence


def test_a_refused_value_cannot_drive_the_terminal() -> None:
    assert "\x1b" not in refusal(flags={"host": "\x1b[2J evil", "port": "\x1b[2J"})


def test_unknown_names_are_refused_wherever_they_stand(tmp_path: Path) -> None:
    file = write(tmp_path, '"prot\\u001b" = 1\n')

    assert refusal(environ={"MULTICHAT_HOTS": "x"}) == (
        "environment MULTICHAT_HOTS: there is no such setting; did you mean host?"
    )
    assert refusal(flags={"qqqq": 1}) == "flag --qqqq: there is no such setting"
    assert refusal(environ={"MULTICHAT_Port": "1"}).startswith("environment MULTICHAT_Port: there")
    assert refusal(file=file).startswith(f"file {file}, key 'prot\\x1b': there is no such setting")


def test_a_variable_of_somebody_else_can_be_named_and_is_left_alone() -> None:
    environ = {"MULTICHAT_PASSWORD": "x"}

    assert load_settings(environ=environ, other_variables={"MULTICHAT_PASSWORD"}) == Settings()


def test_a_wrong_value_is_refused_even_where_a_stronger_place_speaks(tmp_path: Path) -> None:
    file = write(tmp_path, "port = 99999\n")

    assert refusal(file=file, flags={"port": 80}).startswith(f"file {file}, key port: expected")


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ("port = ", "not valid TOML: Invalid value"),
        (b"# \xff\n", "not in UTF-8 (byte 2)"),
        ("[server]\nport = 1\n", "there is no such setting"),
    ],
)
def test_a_file_that_cannot_be_read_is_named(
    tmp_path: Path, content: str | bytes, problem: str
) -> None:
    file = write(tmp_path, content)

    sentence = refusal(file=file)

    assert sentence.startswith(f"file {file}")
    assert problem in sentence


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    file = tmp_path / "none.toml"

    assert refusal(file=file) == f"file {file}: cannot be read: No such file or directory"


@pytest.mark.parametrize(
    ("flags", "sentence"),
    [
        (
            {"max_frame_bytes": 200_000},
            (
                "flag --max-frame-bytes with default of max_message_length: expected "
                "max_frame_bytes of at least 790528, so that a message of 65536 code points fits "
                "however it is escaped, got 200000"
            ),
        ),
        (
            {"max_message_length": 170_000, "outbox_bytes": 1_000_000},
            (
                "flag --outbox-bytes with flag --max-message-length: expected outbox_bytes of at "
                "least 1024096, so that one message of 170000 code points does not put its readers "
                "out, got 1000000"
            ),
        ),
        (
            {"stale_after": 0.25},
            (
                "flag --stale-after with default of directory_poll: expected stale_after above the "
                "0.25 seconds between two looks at the database, got 0.25"
            ),
        ),
    ],
)
def test_settings_that_do_not_go_together_are_refused(
    flags: dict[str, object], sentence: str
) -> None:
    assert refusal(flags=flags) == sentence


def test_the_longest_message_fits_the_frame_and_the_outbox() -> None:
    """The bounds between the settings are the real ones, escaped as badly as JSON allows."""
    length = 12_000
    inbound = b'{"command": "send", "room": "1", "message": "%s"}' % (b"\\ud83d\\ude00" * length)
    outbound = b'{"room": "1", "username": "u", "msg_type": 0, "message": "%s"}' % (
        b"\\u0001" * length
    )

    settings = Settings(max_message_length=length, max_frame_bytes=148_096, outbox_bytes=76_096)

    assert len(inbound) <= settings.max_frame_bytes
    assert len(outbound) <= settings.outbox_bytes


def test_settings_made_by_hand_are_checked_too() -> None:
    with pytest.raises(ConfigError, match=r"^setting port: expected a whole number from 0"):
        Settings(port=-1)
    with pytest.raises(ConfigError, match=r"^settings stale_after and directory_poll: expected"):
        Settings(stale_after=0.1)
