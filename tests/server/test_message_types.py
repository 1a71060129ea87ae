"""The types that announcements can have."""

from multichat_server.message_types import announcement_types


def test_those_of_v1_are_always_there() -> None:
    """MC1-TYPE-01."""
    assert announcement_types(()) == ((1, "warning"), (2, "alert"), (3, "muted"))


def test_a_deployment_adds_its_own() -> None:
    """MC1-TYPE-03."""
    assert announcement_types(["10:poll", "6:celebration"])[3:] == (
        (6, "celebration"),
        (10, "poll"),
    )
