"""The page of models: prices, calls, and who may say what they cost."""

from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from approvals.models import ModelCall, ModelPrice
from approvals.services.model_prices import remove_price, set_price
from audit.models import LedgerEvent
from govapp.common import clock
from govapp.common.errors import Forbidden, Invalid, NotFound
from govapp.common.ids import new_id
from govapp.common.tenancy import tenant_transaction
from tests.approvals.views.conftest import Login, Site
from tests.support.recorded import read

pytestmark = pytest.mark.django_db

HOME = "/t/acme/models/"
PRICE = {
    "pattern": "m-*", "currency": "EUR", "asked": "2.5", "answered": "10", "most_output": "500",
}  # fmt: skip


def call(site: Site, **fields: Any) -> None:
    with tenant_transaction(site.world.company.id):
        now = clock.now()
        ModelCall.objects.create(
            **{
                "agent": site.world.agent, "credential_id": new_id(), "kind": "chat",
                "model": "m-large", "integration": "models", "status": "answered",
                "request_digest": "sha256:0", "started_at": now, "ended_at": now,
                "asked_tokens": 1_100, "answered_tokens": 70, "cost": Decimal("0.5"),
                "currency": "EUR",
            } | fields
        )  # fmt: skip


def recorded(site: Site) -> list[str]:
    with tenant_transaction(site.world.company.id):
        rows = LedgerEvent.objects.filter(type__startswith="model_price.").order_by("id")
        return [str(read(row)["summary"]) for row in rows]


@pytest.mark.parametrize(
    ("name", "status"), [("carl", 200), ("olivia", 200), ("audrey", 200), ("alice", 403)]
)
def test_those_who_govern_and_check_may_read_it(
    site: Site, login: Login, name: str, status: int
) -> None:
    assert login(getattr(site.world.company, name)).get(HOME).status_code == status


def test_a_price_is_set_replaced_and_taken_away(site: Site, login: Login) -> None:
    client = login(site.world.company.carl)
    assert "no model is called" in client.get(HOME).content.decode()
    assert client.post(HOME, PRICE).status_code == 302
    page = client.post(HOME, PRICE | {"answered": "12"}, follow=True).content.decode()
    assert "EUR 2.5 asked, 12 answered; answers up to 500 tokens" in page
    with tenant_transaction(site.world.company.id):
        price = ModelPrice.objects.get()
    assert client.post(f"{HOME}prices/{price.public_id}/remove").status_code == 302
    assert client.post(f"{HOME}prices/{price.public_id}/remove").status_code == 404
    said = "for a million tokens asked and answered."
    assert recorded(site) == [
        f"Carl set the price of m-* to 2.5 and 10 EUR {said}",
        f"Carl set the price of m-* to 2.5 and 12 EUR {said}",
        "Carl removed m-*.",
    ]


@pytest.mark.parametrize(
    ("field", "value"),
    [("pattern", "g*t"), ("pattern", "a b"), ("currency", "eur"), ("asked", "-1"),
     ("answered", "0.0000001"), ("asked", "1000001"), ("most_output", "0")],
)  # fmt: skip
def test_what_is_no_price_is_said_where_it_was_typed(
    site: Site, login: Login, field: str, value: str
) -> None:
    answer = login(site.world.company.carl).post(HOME, PRICE | {field: value})
    assert answer.status_code == 422
    assert list(answer.context["form"].errors) == [field]


def test_auditors_read_and_set_nothing(site: Site, login: Login) -> None:
    client = login(site.world.company.audrey)
    assert "Set a price" not in client.get(HOME).content.decode()
    assert client.post(HOME, PRICE).status_code == 403
    with tenant_transaction(site.world.company.id), pytest.raises(Forbidden):
        set_price(
            actor=site.world.company.audrey, pattern="*", currency="EUR", asked=Decimal(1),
            answered=Decimal(1),
        )  # fmt: skip


def test_services_refuse_what_a_form_would(site: Site) -> None:
    carl = site.world.company.carl
    with tenant_transaction(site.world.company.id):
        with pytest.raises(Invalid):
            set_price(
                actor=carl, pattern="*", currency="EUR", asked=Decimal("NaN"), answered=Decimal(1)
            )
        made = set_price(
            actor=carl, pattern="*", currency="EUR", asked=Decimal(0), answered=Decimal(0)
        )
        remove_price(actor=carl, price=made)
        with pytest.raises(NotFound):
            remove_price(actor=carl, price=made)


def test_calls_are_listed_with_how_they_ended_and_summed_by_model(site: Site, login: Login) -> None:
    call(site)
    call(site, status="refused", cost=0, currency="", asked_tokens=0, answered_tokens=0,
         code="killed", sentence="The agent payer was stopped.")  # fmt: skip
    call(site, is_estimated=True, masked=2)
    page = login(site.world.company.audrey).get(HOME)
    html = page.content.decode()
    assert "The agent payer was stopped." in html
    assert ("2 masked" in html, "about 1100 + 70" in html, "EUR 0.5" in html) == (True, True, True)
    assert [(use.currency, use.calls, use.refused, use.tokens, use.cost) for use in
            page.context["uses"]] == [("EUR", 2, 0, 2_340, "1"), ("", 1, 1, 0, "0")]  # fmt: skip


def test_the_page_costs_the_same_however_many_there_are(site: Site, login: Login) -> None:
    client, counts = login(site.world.company.carl), []
    for number in range(3):
        call(site)
        client.post(HOME, PRICE | {"pattern": f"m-{number}"})
        client.get(HOME)
        with CaptureQueriesContext(connection) as asked:
            client.get(HOME)
        counts.append(len(asked))
    assert len(set(counts)) == 1
