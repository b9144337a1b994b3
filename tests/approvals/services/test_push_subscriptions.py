"""In which browsers people are told."""

import json

import pytest

from approvals.devices import device_name
from approvals.models import PushSubscription
from approvals.services.push_subscriptions import MOST_DEVICES, subscribe, unsubscribe
from audit.models import LedgerEvent
from govapp.common.errors import Conflict, Forbidden, Invalid
from govapp.common.tenancy import tenant_transaction
from tenants.models import Membership
from tests.people import Company, make_company
from tests.support.push import PushingBrowser, base64url
from tests.support.recorded import text_of

ENDPOINT = "https://push.example.com/send/topsecretpath"


@pytest.fixture
def company(db: None) -> Company:
    return make_company()


def add(member: Membership, endpoint: str = ENDPOINT, **fields: str) -> PushSubscription:
    sent = PushingBrowser(endpoint).subscription() | {"device": "Firefox on Linux"} | fields
    with tenant_transaction(member.tenant_id):
        return subscribe(actor=member, **sent)


def owners(company: Company) -> list[str]:
    with tenant_transaction(company.id):
        return [str(row.member) for row in PushSubscription.objects.select_related("member__user")]


def test_a_browser_is_recorded_by_its_service_and_never_by_its_address(company: Company) -> None:
    made = add(company.alice)
    with tenant_transaction(company.id):
        unsubscribe(actor=company.alice, subscription=made)
        bodies = [
            text_of(row)
            for row in LedgerEvent.objects.filter(type__startswith="push.").order_by("id")
        ]
    assert [json.loads(body)["data"] for body in bodies] == [
        {"device": "Firefox on Linux", "service": "push.example.com"},
        {"device": "Firefox on Linux", "service": "push.example.com", "why": "removed"},
    ]
    assert "topsecretpath" not in "".join(bodies)
    assert b"MDEyMzQ1" not in bytes(made.auth_sealed)


def test_the_same_browser_again_is_the_same_device(company: Company) -> None:
    first, second = add(company.alice), add(company.alice)
    assert (first.pk, owners(company)) == (second.pk, ["Alice"])
    assert first.p256dh != second.p256dh


def test_a_browser_belongs_to_whoever_subscribed_it_last(company: Company) -> None:
    add(company.alice)
    add(company.bob)
    assert owners(company) == ["Bob"]


def test_nobody_removes_a_device_of_somebody_else(company: Company) -> None:
    made = add(company.alice)
    with tenant_transaction(company.id), pytest.raises(Forbidden):
        unsubscribe(actor=company.olivia, subscription=made)
    assert owners(company) == ["Alice"]


def test_there_is_a_limit(company: Company) -> None:
    for number in range(MOST_DEVICES):
        add(company.alice, f"{ENDPOINT}{number}")
    with pytest.raises(Conflict):
        add(company.alice, f"{ENDPOINT}-more")
    add(company.alice, f"{ENDPOINT}0")
    add(company.bob, f"{ENDPOINT}-more")
    assert len(owners(company)) == MOST_DEVICES + 1


@pytest.mark.parametrize(
    "fields",
    [
        {"endpoint": ""}, {"endpoint": "https://10.0.0.1/x"}, {"endpoint": "file:///etc/passwd"},
        {"endpoint": "https://push.example.com/" + "x" * 500},
        {"p256dh": ""}, {"p256dh": "x"}, {"p256dh": base64url(b"\x04" + b"\x01" * 64)},
        {"p256dh": base64url(b"\x02" * 33)}, {"p256dh": "é" * 80}, {"p256dh": "A" * 500},
        {"auth": ""}, {"auth": base64url(b"x" * 15)}, {"auth": base64url(b"x" * 17)},
        {"auth": "!!!"},
    ],
)  # fmt: skip
def test_what_no_browser_makes_is_refused(company: Company, fields: dict[str, str]) -> None:
    with pytest.raises(Invalid, match="cannot be used"):
        add(company.alice, **fields)
    assert owners(company) == []


@pytest.mark.parametrize(
    ("agent", "name"),
    [
        (("Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko)"
         " Chrome/130.0 Safari/537.36 Edg/130.0"), "Edge on Windows"),
        ("Mozilla/5.0 (X11; Linux x86_64; rv:130.0) Gecko/20100101 Firefox/130.0",
         "Firefox on Linux"),
        (("Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) AppleWebKit/605.1.15"
         " (KHTML, like Gecko) Version/17.0 Mobile/15E148 Safari/604.1"), "Safari on iPhone"),
        (("Mozilla/5.0 (Linux; Android 14) AppleWebKit/537.36 (KHTML, like Gecko)"
         " Chrome/130.0 Mobile Safari/537.36"), "Chrome on Android"),
        (("Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15) AppleWebKit/537.36 (KHTML, like Gecko)"
         " Chrome/130.0 Safari/537.36"), "Chrome on macOS"),
        ("", "A browser"),
        ("curl/8", "A browser"),
    ],
)  # fmt: skip
def test_a_device_is_called_by_what_people_know(agent: str, name: str) -> None:
    assert device_name(agent) == name
