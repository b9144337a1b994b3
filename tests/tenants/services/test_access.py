"""An agent is known in one statement, by its key as by a token of it, whatever holds it."""

import logging
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from govapp.common.tenancy import tenant_transaction
from tenants.models import Agent
from tenants.refusals import AddressRefused, ProofRefused
from tenants.scopes import ALL
from tenants.services.access import DPOP, Shown, authenticate_key
from tenants.services.access_tokens import issue_access_token
from tenants.services.credentials import issue_credential
from tenants.services.key_limits import KeyLimits
from tests.people import Company, make_agent, make_company
from tests.tenants.api.proofs import make_proof
from tests.tenants.ledger import events

pytestmark = pytest.mark.django_db
URL = "https://govapp.example/api/v1/action-requests"
LIMITS = KeyLimits(("read", "submit"), ("payments.*",), ("192.0.2.0/24",))


def inside() -> str:
    return "192.0.2.9"


@pytest.fixture
def agent(acme: Company) -> Agent:
    return make_agent(acme)[0]


@pytest.fixture
def key(acme: Company, agent: Agent) -> str:
    _, text = issue_credential(
        actor=acme.olivia, agent=agent, label="narrow", lifetime=timedelta(days=1), limits=LIMITS
    )
    return text


def token_of(agent: Agent, key: str, scope: str | None = None, **fields: Any) -> str:
    shown = Shown(key, address=inside, **fields)
    return issue_access_token(shown=shown, client_id=agent.public_id, scope=scope).text


def test_a_key_says_what_it_is_held_to(acme: Company, key: str) -> None:
    principal = authenticate_key(Shown(key, address=inside))
    assert principal is not None
    assert (principal.scopes, principal.categories) == (
        frozenset({"read", "submit"}), ("payments.*",),
    )  # fmt: skip


def test_a_token_has_its_own_scopes_and_the_rest_of_its_key(
    acme: Company, agent: Agent, key: str
) -> None:
    token = token_of(agent, key, "read")
    principal = authenticate_key(Shown(token, address=inside))
    assert principal is not None
    assert (principal.scopes, principal.categories) == (frozenset({"read"}), ("payments.*",))
    with pytest.raises(AddressRefused):
        authenticate_key(Shown(token, address=lambda: "192.0.3.9"))


def test_knowing_an_agent_takes_one_statement(acme: Company, agent: Agent, key: str) -> None:
    for text in (key, token_of(agent, key)):
        with CaptureQueriesContext(connection) as asked:
            assert authenticate_key(Shown(text, address=inside)) is not None
        assert len(asked) == 1


def test_an_address_is_asked_for_only_where_it_matters(acme: Company, agent: Agent) -> None:
    def never() -> str:
        raise AssertionError

    _, text = issue_credential(
        actor=acme.olivia, agent=agent, label="anywhere", lifetime=timedelta(days=1)
    )
    principal = authenticate_key(Shown(text, address=never))
    assert principal is not None
    assert principal.scopes == frozenset(ALL)


def test_a_read_again_for_somebody_who_waits_takes_no_second_proof(
    acme: Company, agent: Agent, key: str
) -> None:
    asked = {"method": "POST", "url": URL}
    token = token_of(agent, key, proof=make_proof(path="", htu=URL), **asked)
    proof = make_proof(path="", method="GET", htu=URL, token=token)

    def read(**fields: Any) -> object:
        shown = Shown(
            token, scheme=DPOP, proof=proof, method="GET", url=URL, address=inside, **fields
        )
        return authenticate_key(shown)

    assert read() is not None
    with pytest.raises(ProofRefused, match="used before"):
        read()
    assert read(is_repeat=True) is not None


def test_a_token_that_is_bound_to_no_key_is_no_proof(acme: Company, agent: Agent, key: str) -> None:
    for text in (key, token_of(agent, key)):
        with pytest.raises(ProofRefused, match="Bearer"):
            authenticate_key(Shown(text, scheme=DPOP, address=inside))


def test_no_secret_is_in_a_log_an_error_or_the_record(
    caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str], db: None
) -> None:
    company = make_company("planted")
    agent, key = make_agent(company)
    caplog.set_level(logging.DEBUG)
    asked = {"grant_type": "client_credentials", "client_id": agent.public_id}
    client, answers = Client(), []
    made = client.post(
        "/oauth/token",
        data=urlencode(asked | {"client_secret": key}),
        content_type="application/x-www-form-urlencoded",
        headers={"DPoP": make_proof(path="/oauth/token")},
    )
    token = made.json()["access_token"]
    proof = make_proof(path="/api/v1/action-requests", method="GET", token=token)
    for headers in (
        {"Authorization": f"Bearer {token}"},
        {"Authorization": f"DPoP {token}", "DPoP": proof[:-4]},
        {"Authorization": f"DPoP {token}", "DPoP": proof},
        {"Authorization": f"DPoP {token}", "DPoP": proof},
        {"Authorization": f"DPoP {key}"},
        {"Authorization": f"Basic {key}"},
        {"Authorization": f"Bearer {key}x"},
    ):
        answer = client.get("/api/v1/action-requests", headers=headers)
        answers.append(answer.content.decode() + str(answer.headers))
    with tenant_transaction(company.id):
        recorded = str(events("access_token.issued", "credential.use_refused"))
    said = capfd.readouterr()
    everywhere = " ".join([caplog.text, said.out, said.err, recorded, *answers])
    planted = [key.rpartition("_")[2], token.rpartition("_")[2], proof.rpartition(".")[2]]
    assert [secret for secret in planted if secret in everywhere] == []
    assert "used before" in recorded  # what could have had them was looked at
