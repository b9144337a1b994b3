"""A company whose tenant is bound, for tests of what is written in it."""

from collections.abc import Iterator

import pytest

from govapp.common.tenancy import bind_tenant
from tests.people import Company, make_company


@pytest.fixture
def acme(db: None) -> Iterator[Company]:
    """Acme, with everybody in their place; statements of the test are of this tenant."""
    company = make_company()
    with bind_tenant(company.id):
        yield company
