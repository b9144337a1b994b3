"""The system check that says what printing needs."""

import pytest

from audit import checks


def test_nothing_is_said_when_pango_is_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checks, "find_library", lambda name: f"lib{name}.so")
    assert checks.check_pango() == []


def test_a_missing_pango_is_said_with_its_packages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checks, "find_library", lambda name: None)
    (warning,) = checks.check_pango()
    assert warning.id == "audit.W001"
    assert warning.hint == "apt-get install libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0"
