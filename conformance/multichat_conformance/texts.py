"""Texts of frames that no program writes, and what must come of them."""

from collections.abc import Mapping

from multichat_conformance.actors import PoliteActor
from multichat_conformance.stage import Stage
from multichat_conformance.variants import in_turn

__all__ = ["all_are_invalid", "join_text"]


async def all_are_invalid(stage: Stage, texts: Mapping[str, str]) -> None:
    """See that each text is answered with exactly one FRAME_INVALID, and nothing is obeyed."""

    async def is_invalid(alice: PoliteActor, text: str) -> None:
        await alice.gets_one_error(text, "FRAME_INVALID")

    await in_turn(stage, "alice", texts, is_invalid)


def join_text(stage: Stage, value: str | None = None) -> str:
    """Return a join, if need be with an unknown member."""
    more = "" if value is None else f',"x":{value}'
    return f'{{"command":"join","room":"{stage.room().id}"{more}}}'
