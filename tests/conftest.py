"""Servers, databases and people for every test. Each test process has servers of its own."""

import math
import os
import shutil
from collections.abc import Iterator
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Protocol

import environ
import hypothesis
import pytest
from django.conf import settings
from django.core.cache import cache, caches
from django.db import connections
from playwright.sync_api import Browser, expect, sync_playwright

import govapp.celery
from tests.audit.others import Others, OthersMissing, installed_others
from tests.support.committed import CommittedDatabase
from tests.support.services import Services, running_services

# Playwright's synchronous interface leaves an event loop in its thread, and Django's guard would
# then refuse every later test of the same process.
os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"

# A busy machine is no failure, and the same code fails or passes every time it is tested. For
# other dice than the usual ones: `./run test --hypothesis-profile=dice tests/approvals/policies`.
_UNHURRIED: dict[str, Any] = {
    "deadline": None,
    "database": None,
    "suppress_health_check": [hypothesis.HealthCheck.too_slow],
}
hypothesis.settings.register_profile("dice", **_UNHURRIED)
hypothesis.settings.register_profile("usual", derandomize=True, **_UNHURRIED)
hypothesis.settings.load_profile("usual")

# What a page has to show comes within a blink; on a busy machine it may take longer.
expect.set_options(timeout=60_000)

DATABASE = "govapp_tests"
_ADDRESS = ("NAME", "USER", "PASSWORD", "HOST", "PORT", "OPTIONS")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--screenshots",
        action="store_true",
        help="write the pictures of README to docs/screenshots",
    )


@pytest.hookimpl(tryfirst=True)  # before the groups are written into names
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let one worker have what starts whole programs, beside the journeys (tests/life).

    These tests wait more than they compute, and too many programs at once only slow each other.
    """
    for item in items:
        if item.get_closest_marker("life") and not item.get_closest_marker("xdist_group"):
            item.add_marker(pytest.mark.xdist_group("processes"))


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """The machine's Chromium, without a window: one for all tests of this process.

    Playwright keeps an event loop running in the thread as long as it lives, which tests that
    run a loop of their own cannot stand: `./run test` runs the marks `browser` and `life` apart.
    """
    path = shutil.which("chromium") or shutil.which("chromium-browser")
    assert path, "Install Chromium to run the tests of the pages: ./run doctor says how."
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def others() -> Others:
    """The tools of others that check our proofs, installed by hash on the first use."""
    try:
        return installed_others()
    except OthersMissing as missing:
        pytest.fail(str(missing), pytrace=False)


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Path:
    """Where the migrated cluster is, or will be made by whoever needs it first.

    The workers of a run share it, and so do the runs of one `./run test`.
    """
    base = tmp_path_factory.getbasetemp()
    beside = base if worker_id == "master" else base.parent
    return Path(os.environ.get("GOVAPP_TESTS_SHARED", beside / "template"))


@pytest.fixture(scope="session")
def services(tmp_path_factory: pytest.TempPathFactory, template: Path) -> Iterator[Services]:
    """The PostgreSQL and Valkey of this test process."""
    with running_services(tmp_path_factory.mktemp("services"), template) as running:
        yield running


@pytest.fixture(scope="session")
def django_db_setup(services: Services) -> Iterator[None]:
    """Give Django a copy of the migrated template, used as the application role."""
    services.create_database(DATABASE)
    point_django_at(services, DATABASE)
    yield
    for connection in connections.all(initialized_only=True):
        connection.close()


def point_django_at(services: Services, dbname: str) -> None:
    """Make Django use this database, as the application role, and this Valkey."""
    entry = environ.Env.db_url_config(services.app_url(dbname), engine=settings.DATABASE_ENGINE)
    targets: list[dict[str, Any]] = [
        settings.DATABASES["default"],
        connections["default"].settings_dict,
    ]
    for target in targets:
        options = target.get("OPTIONS", {}) | entry.get("OPTIONS", {})
        target.update({key: entry[key] for key in _ADDRESS if key in entry})
        target["OPTIONS"] = options
    settings.REDIS_URL = os.environ["REDIS_URL"] = services.valkey.url
    layers: dict[str, Any] = settings.CHANNEL_LAYERS
    layers["default"]["CONFIG"]["hosts"] = [services.valkey.url]
    settings.CACHES["default"]["LOCATION"] = [services.valkey.url]
    caches.close_all()
    with suppress(AttributeError):  # when nobody has used it yet
        del caches["default"]
    govapp.celery.app.conf.update(broker_url=services.valkey.url)


@pytest.fixture(autouse=True)
def _forget_what_was_counted(request: pytest.FixtureRequest) -> None:
    """Begin with no login counted: the limits on logins live in Valkey, beyond one test."""
    if "django_db_setup" in request.fixturenames:
        request.getfixturevalue("django_db_setup")
        cache.clear()


@pytest.fixture(autouse=True)
def _replay_as_long_as_it_takes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let no quick replay end early because the machine is busy."""
    monkeypatch.setattr("approvals.services.replay_quick.QUICK_SECONDS", 60.0)
    monkeypatch.setattr("approvals.services.replay_quick.QUICK_STATEMENT", "60s")


@pytest.fixture(autouse=True)
def _sweep_as_long_as_it_takes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let no statement of a sweep be ended because the machine is busy."""
    monkeypatch.setattr("approvals.services.timers._LONGEST_STATEMENT", "0")


@pytest.fixture(autouse=True)
def _believe_what_was_told_late(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let no busy machine add the statement that asks for the time to what a test counts."""
    monkeypatch.setattr("govapp.common.postgres.base._TOLD_WITHIN_SECONDS", math.inf)


@pytest.fixture(autouse=True)
def _codes_of_one_moment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let no one-time code run out between being read and being typed, nor be waited for."""
    moment = SimpleNamespace(time=lambda: 1_800_000_000.0)
    monkeypatch.setattr("allauth.mfa.totp.internal.auth.time", moment)


class MoveClock(Protocol):
    """Moves the database's time to `shift` after the real one."""

    def __call__(self, shift: timedelta) -> None: ...


@pytest.fixture
def move_clock(db: None) -> Iterator[MoveClock]:
    """Move the database's clock; it is put back after the test."""
    from govapp.common.clock import shift_clock

    yield shift_clock
    shift_clock(timedelta(0))


@pytest.fixture
def committed_db(
    services: Services, django_db_setup: None, django_db_blocker: pytest.FixtureRequest
) -> Iterator[CommittedDatabase]:
    """A database in which the test's transactions are committed, for threads and processes.

    Use it instead of `@pytest.mark.django_db(transaction=True)`, whose flush the append-only
    tables refuse. Everything is deleted afterwards and the clock is put back.
    """
    with django_db_blocker.unblock():  # type: ignore[attr-defined]
        try:
            yield CommittedDatabase()
        finally:
            connections.close_all()
            services.empty_database(DATABASE)
