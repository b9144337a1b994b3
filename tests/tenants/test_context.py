"""The menu offers each person exactly what they may open."""

import re

import pytest
from django.test import Client

from tests.people import make_company

pytestmark = pytest.mark.django_db

GOVERNED = {
    "audit", "autonomy", "budgets", "guardrails", "health", "insights", "integrations", "models",
    "reports", "reviews", "settings",
}  # fmt: skip
BY_ROLE = {"olivia": GOVERNED, "carl": GOVERNED, "audrey": GOVERNED, "alice": set()}
EVERYBODY = {
    "tokens", "inbox", "requests", "runs", "agents", "delegations", "people", "policy",
    "categories",
}  # fmt: skip


@pytest.mark.parametrize("name", BY_ROLE)
def test_the_menu_offers_what_the_role_may_open(name: str) -> None:
    company = make_company()
    client = Client()
    client.force_login(getattr(company, name).user)
    page = client.get("/t/acme/inbox/").content.decode()
    offered = set(re.findall(r'href="/t/acme/([a-z]+)/?"', page))
    assert offered == EVERYBODY | BY_ROLE[name]
    refused = {
        part
        for part in EVERYBODY | BY_ROLE["olivia"]
        if client.get(f"/t/acme/{part}/").status_code != 200
    }
    assert refused == BY_ROLE["olivia"] - BY_ROLE[name]
