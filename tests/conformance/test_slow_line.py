"""Right results over a line that adds 200 ms to each round trip: a check of every area."""

import json

import pytest

from multichat_conformance.catalogue import Check, catalogue
from multichat_conformance.outcomes import Outcome
from multichat_conformance.running import Options, Run
from tests.conformance.matrix import DATA, FIRST_LOOK
from tests.conformance.small_server.faults import FAULTS
from tests.conformance.small_server.threaded import served

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

ONE_WAY = 0.1

FOUND = json.loads(DATA.read_text(encoding="utf-8"))["faults"]
ACCUSING = {check.id for check in catalogue() if check.level != "MAY"}
# What the first look does not let through is not played at all.
PLAYED = {
    name: found[0]
    for name, fault in FAULTS.items()
    if (found := [id_ for id_ in fault.caught_by if id_ in ACCUSING])
    and FIRST_LOOK not in FOUND[name]
}
CAUGHT = {name: PLAYED[name] for name in list(PLAYED)[:: len(PLAYED) // 5]}
"""Some faults from all over the list, each with a check that finds it."""


def of_each_area() -> list[Check]:
    """Return the first check of each area that needs no stop of the server and makes nothing up."""
    first: dict[str, Check] = {}
    for check in catalogue():
        if not (check.search or check.needs.restart or check.aside):
            first.setdefault(check.area, check)
    return list(first.values())


def test_the_correct_server_is_still_correct() -> None:
    checks = of_each_area()
    with served(line=ONE_WAY) as target:
        run = Run(target, Options(attempts=1), lambda _: None)
        assert run.begin(checks), run.trouble
        assert run.context.round_trips.median >= 2 * ONE_WAY
        came = {check.id: run.play(check) for check in checks}
        run.finish()

    assert {
        id_: result.reason
        for id_, result in came.items()
        if result.outcome not in (Outcome.PASS, Outcome.OBSERVED)
    } == {}
    assert len(checks) > 25


@pytest.mark.parametrize("fault", list(CAUGHT))
def test_a_fault_is_still_found(fault: str) -> None:
    wanted = CAUGHT[fault]
    check = next(check for check in catalogue() if check.id == wanted)
    with served(FAULTS[fault].parts, line=ONE_WAY) as target:
        run = Run(target, Options(attempts=1), lambda _: None)
        assert run.begin([check]), run.trouble
        found = run.play(check)
        run.finish()

    assert found.outcome in (Outcome.FAIL, Outcome.WARN)
