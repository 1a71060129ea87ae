"""What the tests of the network begin with."""

import pytest

from tests.sdk.sync.shells import SHELLS, Visit


@pytest.fixture(params=SHELLS)
def visit(request: pytest.FixtureRequest) -> Visit:
    """Each of the shells on websockets' clients."""
    return SHELLS[request.param]
