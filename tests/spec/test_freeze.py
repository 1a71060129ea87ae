"""A published version does not change."""

from pathlib import Path

import pytest

from multichat_spec.freeze import checksums, differences

SPEC = Path(__file__).parents[2] / "spec"


@pytest.mark.parametrize("version", ["v1"])
def test_a_published_version_is_as_it_was(version: str) -> None:
    published = (SPEC / f"{version}.sha256").read_text(encoding="utf-8")

    assert differences(SPEC / version, published) == []
    assert checksums(SPEC / version) == published
