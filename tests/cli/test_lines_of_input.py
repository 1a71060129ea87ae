"""Lines, whatever they come from and however they are cut."""

import os
from pathlib import Path

import pytest
import trio
import trio.testing
from hypothesis import given
from hypothesis import strategies as st

from multichat_cli.exit_codes import CommandFailed
from multichat_cli.lines_of_input import MAX_LINE_BYTES, LinesOfInput


async def read(lines: LinesOfInput) -> list[str]:
    found = []
    while (line := await lines.next()) is not None:
        found.append(line)
    return found


@given(st.lists(st.text(st.characters(codec="utf-8", exclude_characters="\n\r"))))
def test_a_file(texts: list[str]) -> None:
    """A regular file, which cannot be waited for."""
    fd = os.memfd_create("input")
    with os.fdopen(fd, "w+b") as file:
        file.write("".join(f"{text}\n" for text in texts).encode())
        file.seek(0)

        assert trio.run(read, LinesOfInput(fd)) == texts


@given(st.lists(st.binary(min_size=1, max_size=3)))
def test_a_pipe_that_is_written_in_pieces(pieces: list[bytes]) -> None:
    data = b"".join(pieces).replace(b"\xff", b"").decode("utf-8", "ignore")

    async def main() -> list[str]:
        reading, writing = os.pipe()
        lines: list[str] = []
        async with trio.open_nursery() as nursery:

            async def collect() -> None:
                lines.extend(await read(LinesOfInput(reading)))

            nursery.start_soon(collect)
            for byte in data.encode():
                os.write(writing, bytes([byte]))
                await trio.testing.wait_all_tasks_blocked()
            os.close(writing)
        os.close(reading)
        return lines

    expected = data.split("\n")
    if expected[-1] == "":
        del expected[-1]
    assert trio.run(main) == [line.removesuffix("\r") for line in expected]


async def test_cancelling_loses_nothing() -> None:
    reading, writing = os.pipe()
    lines = LinesOfInput(reading)
    os.write(writing, b"he")
    with trio.CancelScope() as scope:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(lines.next)
            await trio.testing.wait_all_tasks_blocked()
            scope.cancel()
    os.write(writing, b"llo\n")

    assert await lines.next() == "hello"
    os.close(writing)
    assert await lines.next() is None
    os.close(reading)


async def test_a_line_without_an_end_takes_bounded_memory(tmp_path: Path) -> None:
    file = tmp_path / "zeros"
    with file.open("wb") as opened:
        opened.truncate(10 * MAX_LINE_BYTES)
    with file.open("rb") as opened:
        with pytest.raises(CommandFailed, match="line 1 of the input is longer"):
            await LinesOfInput(opened.fileno()).next()

        assert os.lseek(opened.fileno(), 0, os.SEEK_CUR) < 2 * MAX_LINE_BYTES


async def test_a_closed_input_is_an_empty_one() -> None:
    reading, writing = os.pipe()
    os.close(writing)
    os.close(reading)

    assert await LinesOfInput(reading).next() is None
