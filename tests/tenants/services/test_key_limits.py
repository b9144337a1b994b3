"""What a key is held to is said when it is issued, kept, and handed on when it is rotated."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import DatabaseError, transaction

from govapp.common.errors import Invalid
from tenants.models import Agent, Credential
from tenants.scopes import ALL
from tenants.services.credentials import issue_credential, rotate_credential
from tenants.services.key_limits import KeyLimits
from tests.people import Company, make_agent
from tests.tenants.ledger import events

pytestmark = pytest.mark.django_db
NARROW = KeyLimits(("read", "submit"), ("payments.*",), ("192.0.2.0/24",), needs_proof=True)


@pytest.fixture
def agent(acme: Company) -> Agent:
    return make_agent(acme)[0]


def issue(acme: Company, agent: Agent, limits: KeyLimits) -> Credential:
    credential, _ = issue_credential(
        actor=acme.olivia, agent=agent, label="narrow", lifetime=timedelta(days=1), limits=limits
    )
    return Credential.objects.get(pk=credential.pk)


def test_without_words_a_key_opens_everything_from_anywhere(acme: Company, agent: Agent) -> None:
    key = Credential.objects.get()
    assert KeyLimits.of(key) == KeyLimits(ALL, (), (), needs_proof=False)


def test_limits_are_kept_in_order_and_recorded(acme: Company, agent: Agent) -> None:
    key = issue(acme, agent, NARROW)
    assert (key.scopes, key.categories, key.networks, key.needs_proof) == (
        ["submit", "read"], ["payments.*"], ["192.0.2.0/24"], True,
    )  # fmt: skip
    data = events("credential.issued")[-1]["data"]
    assert {name: data[name] for name in ("scopes", "categories", "networks", "needs_proof")} == {
        "scopes": ["submit", "read"], "categories": ["payments.*"],
        "networks": ["192.0.2.0/24"], "needs_proof": True,
    }  # fmt: skip


def test_a_successor_has_the_same_limits(acme: Company, agent: Agent) -> None:
    Credential.objects.all().delete()
    key = issue(acme, agent, NARROW)
    successor, _ = rotate_credential(actor=acme.olivia, credential=key, overlap=timedelta(hours=1))
    assert KeyLimits.of(successor) == KeyLimits.of(key) == NARROW.cleaned()


@pytest.mark.parametrize(
    "change",
    [
        {"scopes": ["read", "grant"]},
        {"categories": []},
        {"networks": []},
        {"needs_proof": False},
    ],
)
def test_limits_never_change_not_even_by_hand(
    acme: Company, agent: Agent, change: dict[str, Any]
) -> None:
    key = issue(acme, agent, NARROW)
    with pytest.raises(DatabaseError), transaction.atomic():
        Credential.objects.filter(pk=key.pk).update(**change)


@pytest.mark.parametrize(
    ("limits", "field"),
    [
        ({"scopes": ()}, "scopes"),
        ({"scopes": ("admin",)}, "scopes"),
        ({"scopes": ("read", "READ")}, "scopes"),
        ({"categories": ("*",)}, "categories"),
        ({"categories": ("Payments",)}, "categories"),
        ({"categories": tuple(f"c{n}" for n in range(21))}, "categories"),
        ({"networks": ("example.org",)}, "networks"),
        ({"networks": ("192.0.2.1/24",)}, "networks"),
        ({"networks": tuple(f"192.0.2.{n}/32" for n in range(21))}, "networks"),
    ],
)
def test_what_is_no_limit_is_refused(
    acme: Company, agent: Agent, limits: dict[str, Any], field: str
) -> None:
    with pytest.raises(Invalid) as refusal:
        issue(acme, agent, KeyLimits(**limits))
    assert [each.pointer for each in refusal.value.errors] == [f"/{field}"]
