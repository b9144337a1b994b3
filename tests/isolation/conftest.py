"""Both companies, committed once for each file of tests; a test leaves them as they were."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.db import connections

from tests.conftest import DATABASE
from tests.isolation.asking import marks  # noqa: F401 - a fixture
from tests.isolation.lives import Life, make_lives
from tests.support.services import Services


@pytest.fixture(scope="module")
def lives(
    services: Services, django_db_setup: None, django_db_blocker: Any
) -> Iterator[tuple[Life, Life]]:
    """Acme and Globex, after some weeks."""
    with django_db_blocker.unblock():
        try:
            yield make_lives()
        finally:
            connections.close_all()
            services.empty_database(DATABASE)


@pytest.fixture
def acme(lives: tuple[Life, Life]) -> Life:
    return lives[0]


@pytest.fixture
def globex(lives: tuple[Life, Life]) -> Life:
    return lives[1]
