"""What ``tests/server/storage/test_rights.py`` says holds in PostgreSQL too."""

import pytest

from tests.server.storage.test_rights import *  # noqa: F403  # the tests, with this folder's store

pytestmark = pytest.mark.slow
