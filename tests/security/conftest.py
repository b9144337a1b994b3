"""The browser of `tests/browser`, for what only a browser shows."""

from tests.browser.conftest import async_unsafe, browser, server

__all__ = ["async_unsafe", "browser", "server"]
