"""Receivers of streams, on loopback."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.receiver import Receiver, running_receiver
from tests.support.syslog import SyslogReceiver, running_syslog


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """An HTTP server on loopback."""
    with running_receiver() as running:
        yield running


@pytest.fixture
def syslog(tmp_path: Path) -> Iterator[SyslogReceiver]:
    """A receiver of syslog over TLS on loopback."""
    with running_syslog(tmp_path) as running:
        yield running
