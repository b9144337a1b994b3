"""The system checks that say what printing needs, and what anchoring."""

from pathlib import Path

import pytest
from pytest_django.fixtures import Settings

from audit import checks
from tests.audit.authority import make_authority


def test_nothing_is_said_when_pango_is_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checks, "find_library", lambda name: f"lib{name}.so")
    assert checks.check_pango() == []


def test_a_missing_pango_is_said_with_its_packages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checks, "find_library", lambda name: None)
    (warning,) = checks.check_pango()
    assert warning.id == "audit.W001"
    assert warning.hint == "apt-get install libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0"


def test_whoever_vouches_is_named_so_that_it_can_be_asked(
    settings: Settings, tmp_path: Path
) -> None:
    assert checks.check_vouchers() == []
    settings.LEDGER_WITNESSES = ["nonsense"]
    assert [error.id for error in checks.check_vouchers()] == ["audit.E001"]
    settings.LEDGER_WITNESSES = []
    settings.LEDGER_TSA_URLS = ["https://tsa.example/tsr"]
    assert [error.id for error in checks.check_vouchers()] == ["audit.E002"]
    settings.LEDGER_TSA_ROOTS = [tmp_path / "missing.pem"]
    assert [error.id for error in checks.check_vouchers()] == ["audit.E001"]
    (tmp_path / "missing.pem").write_bytes(make_authority().root)
    assert checks.check_vouchers() == []
