"""The one port, served for a test."""

from collections.abc import Iterator

import pytest

from tests.support.committed import CommittedDatabase
from tests.support.web import Web, running_web


@pytest.fixture
def web(committed_db: CommittedDatabase) -> Iterator[Web]:
    with running_web() as running:
        yield running
