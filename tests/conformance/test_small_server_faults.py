"""Every fault is named, documented and starts; together they are the list of known mistakes."""

import pytest
import trio

from multichat_spec import requirements
from tests.conformance.small_server import small_server
from tests.conformance.small_server.faults import FAULTS
from tests.conformance.small_server.faults.personalities import PERSONALITIES

CLAUSES = {row.id: row for row in requirements()}


def test_every_fault_has_its_papers() -> None:
    for fault in FAULTS.values():
        assert fault.sentence.endswith("."), fault.name
        assert "\n" not in fault.sentence, fault.name
        assert fault.breaks, fault.name
        assert set(fault.breaks) <= CLAUSES.keys(), fault.name
        assert set(fault.rows) <= set(range(1, 44)), fault.name
    sentences = [fault.sentence for fault in FAULTS.values()]
    assert len(set(sentences)) == len(sentences)


def test_every_known_mistake_is_there() -> None:
    rows = {row for fault in FAULTS.values() for row in fault.rows}

    assert rows == set(range(1, 44))


def test_every_clause_that_can_be_seen_is_broken_by_a_fault() -> None:
    broken = {clause for fault in FAULTS.values() for clause in fault.breaks}
    seen = {id_ for id_, row in CLAUSES.items() if row.check.possible}

    assert seen - broken == set()


@pytest.mark.parametrize("name", [*FAULTS, *PERSONALITIES])
async def test_it_starts_and_a_connection_does_not_hurt_it(name: str) -> None:
    parts = FAULTS[name].parts if name in FAULTS else PERSONALITIES[name].parts
    async with small_server(parts) as running:
        host, _, port = running.server.address.partition(":")
        async with await trio.open_tcp_stream(host, int(port)) as stream:
            await stream.send_all(b"GET /accounts/login/ HTTP/1.1\r\nHost: localhost\r\n\r\n")

            assert (await stream.receive_some()).startswith(b"HTTP/1.1 200 ")
