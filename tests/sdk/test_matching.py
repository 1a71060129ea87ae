"""What may be waited for."""

from __future__ import annotations

from typing import Any

import pytest

from multichat_proto.events import ChatEvent, Connected, Gap
from multichat_proto.exceptions import LocalProtocolError
from multichat_proto.session.matching import matcher


@pytest.mark.parametrize(
    "what",
    [Gap, (Gap,), (Gap, int), lambda event: isinstance(event, Gap)],
    ids=["class", "one", "two", "function"],
)
def test_what_is_waited_for(what: Any) -> None:
    events: list[ChatEvent] = [Connected(), Gap(None, 1)]

    assert [event for event in events if matcher(what)(event)] == [Gap(None, 1)]


@pytest.mark.parametrize("what", [5, None, "Gap", (), (Gap, 5)], ids=repr)
def test_what_never_comes(what: object) -> None:
    """Told at once, and not when the first event is there."""
    with pytest.raises(LocalProtocolError, match="wait for a class"):
        matcher(what)
