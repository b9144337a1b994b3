"""A real browser on a real server: Chromium, and Django on a free port of the loopback."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import pytest
from django.conf import settings
from django.contrib.staticfiles.handlers import StaticFilesHandler
from django.db import connections
from django.test import Client
from django.test.testcases import LiveServerThread
from playwright.sync_api import Browser, BrowserContext, Locator, Page, ViewportSize

from tenants.models import Membership
from tests.browser.demo import Demo, make_demo
from tests.conftest import DATABASE
from tests.support.services import Services

SHOTS = Path(settings.BASE_DIR) / "docs" / "screenshots"
WIDTHS = (1280, 390)


@pytest.fixture(scope="session")
def browser(django_db_setup: None, chromium: Browser) -> Browser:
    """The Chromium of this machine, for pages that are served from the tests' own database."""
    return chromium


@pytest.fixture(scope="session")
def server(django_db_setup: None) -> Iterator[str]:
    """Serve the site from threads of this process, on the database of the tests."""
    thread = LiveServerThread("127.0.0.1", StaticFilesHandler)
    thread.daemon = True
    thread.start()
    thread.is_ready.wait()
    assert thread.error is None
    yield f"http://127.0.0.1:{thread.port}"
    thread.terminate()


@pytest.fixture
def async_unsafe(monkeypatch: pytest.MonkeyPatch) -> None:
    """Playwright keeps an event loop in this thread; the tests still read the database here."""
    monkeypatch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "true")


@pytest.fixture
def demo(
    services: Services, django_db_setup: None, django_db_blocker: Any, async_unsafe: None
) -> Iterator[Demo]:
    """A company with something on every page, committed; everything is deleted afterwards."""
    with django_db_blocker.unblock():
        try:
            yield make_demo()
        finally:
            connections.close_all()
            services.empty_database(DATABASE)


def window_of(width: int) -> ViewportSize:
    """Return the window of a desk or of a phone."""
    return {"width": width, "height": 900 if width > 600 else 844}


@dataclass
class Visitor:
    """A browser window, and everything that went wrong in it."""

    context: BrowserContext
    page: Page
    server: str
    faults: list[str]

    def go(self, path: str) -> Page:
        self.page.goto(self.server + path, wait_until="load")
        return self.page


def follow(control: Locator) -> None:
    """Press a link or button that leads to another page, and wait until that page is there."""
    with control.page.expect_navigation(wait_until="load"):
        control.click()


class Visit(Protocol):
    """Open a window: as whom, how wide."""

    def __call__(
        self,
        member: Membership | None,
        *,
        width: int = 1280,
        scripts: bool = True,
    ) -> Visitor: ...


@pytest.fixture
def visit(browser: Browser, server: str) -> Iterator[Visit]:
    """Open windows that close with the test."""
    opened: list[BrowserContext] = []

    def open_window(
        member: Membership | None,
        *,
        width: int = 1280,
        scripts: bool = True,
    ) -> Visitor:
        context = browser.new_context(
            color_scheme="light",
            viewport=window_of(width),
            java_script_enabled=scripts,
            reduced_motion="reduce",
        )
        opened.append(context)
        context.set_default_timeout(60_000)
        if member is not None:
            client = Client()
            client.force_login(member.user)
            cookie = client.cookies[settings.SESSION_COOKIE_NAME].value
            context.add_cookies(
                [{"name": settings.SESSION_COOKIE_NAME, "value": cookie, "url": server}]
            )
        faults: list[str] = []
        page = context.new_page()
        page.on("console", lambda said: faults.append(said.text) if said.type == "error" else None)
        page.on("pageerror", lambda error: faults.append(str(error)))
        return Visitor(context, page, server, faults)

    yield open_window
    for context in opened:
        context.close()


@pytest.fixture
def shots(request: pytest.FixtureRequest) -> Path | None:
    """Where screenshots go when `--screenshots` asks for them."""
    return SHOTS if request.config.getoption("--screenshots") else None
