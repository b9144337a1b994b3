"""Every entry point of agents, with every reason to refuse a key or its token: the right refusal.

The refusals of a key that is right are in the record, in words, and no secret is in them.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

import pytest
from django.conf import settings
from django.test import Client
from django.urls import get_resolver

from approvals.models import ActionRequest
from audit.models import LedgerEvent
from govapp.common.clock import shift_clock
from govapp.common.tenancy import tenant_transaction
from tenants.models import Credential
from tenants.scopes import ALL
from tenants.services.access import Shown
from tenants.services.access_tokens import issue_access_token
from tenants.services.agents import pause_agent
from tenants.services.credentials import issue_credential, revoke_credential
from tenants.services.key_limits import KeyLimits
from tenants.services.tenants import suspend_tenant
from tests.approvals.api.agents import PAYMENT, Caller, make_caller
from tests.approvals.world import World
from tests.isolation.addresses import AGENTS
from tests.support.committed import CommittedDatabase
from tests.support.recorded import text_of
from tests.tenants.api.proofs import make_proof
from tests.tenants.ledger import events

NOBODYS: Final = "ar_00000000000000000000000000"
ONE: Final = f"/api/v1/action-requests/{NOBODYS}"
RUN: Final = "/api/v1/runs/run_00000000000000000000000000"
# What agents call, and the scope that it takes.
ENTRY_POINTS: Final[dict[tuple[str, str], str]] = {
    ("POST", "/api/v1/action-requests"): "submit",
    ("GET", "/api/v1/action-requests"): "read",
    ("POST", "/api/v1/action-requests/preview"): "submit",
    ("GET", "/api/v1/action-requests/events"): "read",
    ("GET", ONE): "read",
    ("POST", f"{ONE}/cancel"): "submit",
    ("GET", f"{ONE}/comments"): "read",
    ("POST", f"{ONE}/comments"): "submit",
    ("POST", f"{ONE}/grant"): "grant",
    ("POST", f"{ONE}/execution"): "report",
    ("POST", f"{ONE}/undo"): "submit",
    ("GET", f"{ONE}/explanation"): "read",
    ("POST", "/api/v1/guardrails/check"): "submit",
    ("POST", "/gateway/v1/chat/completions"): "model",
    ("POST", "/gateway/v1/embeddings"): "model",
    ("POST", "/api/v1/runs"): "submit",
    ("GET", RUN): "read",
    ("POST", f"{RUN}/steps"): "submit",
    ("POST", f"{RUN}/close"): "submit",
    ("GET", "/api/v1/audit/checkpoint"): "read",
    ("GET", "/api/v1/audit/proof/inclusion"): "read",
    ("GET", "/api/v1/audit/proof/consistency"): "read",
    ("GET", "/api/v1/audit/tile/0/000.p/1"): "read",
    ("GET", "/api/v1/audit/receipts/ev_00000000000000000000000000"): "read",
    ("GET", "/api/v1/delegations"): "read",
    ("POST", "/api/v1/delegations"): "delegate",
    ("POST", "/api/v1/delegations/dg_00000000000000000000000000/revoke"): "delegate",
    ("POST", "/api/v1/grants/redeem"): "redeem",
    ("GET", "/api/v1/status-list"): "redeem",
    ("POST", "/api/v1/spend"): "spend",
    ("GET", "/api/v1/budgets"): "read",
}
UNKNOWN: Final = (401, "unauthenticated")


def test_the_table_has_every_address_of_agents() -> None:
    resolve = get_resolver().resolve
    routes = {resolve(path).route for _, path in ENTRY_POINTS}
    assert routes == AGENTS | {"api/v1/grants/redeem"}


@dataclass
class Holder:
    """A company whose agent has a key or token, and how to ask with it."""

    world: World
    text: str
    scheme: str = "Bearer"
    proof: Callable[[str, str], str] | None = None

    def ask(self, method: str, path: str, **extra: Any) -> Any:
        headers = {"Authorization": f"{self.scheme} {self.text}", "Accept": "*/*"}
        if self.proof is not None:
            headers["DPoP"] = self.proof(method, path)
        body = {"data": "{}", "content_type": "application/json"} if method == "POST" else {}
        return getattr(Client(), method.lower())(path, headers=headers, **body, **extra)

    def answers(self) -> dict[tuple[str, str], tuple[int, str]]:
        """Return the status and the code of the problem at every entry point."""
        found = {}
        for method, path in ENTRY_POINTS:
            answer = self.ask(method, path)
            assert answer["Content-Type"] == "application/problem+json"
            code = answer.json()["type"].rpartition(":")[2]
            found[method, path] = (answer.status_code, code)
        return found

    def recorded(self) -> set[tuple[str, str | None]]:
        """Return the codes and scopes of the refusals in the record, once they are looked at."""
        with tenant_transaction(self.world.company.id):
            found = events("credential.use_refused")
            every = " ".join(text_of(row) for row in LedgerEvent.objects.all())
        assert self.text.rpartition("_")[2] not in every
        assert all(
            event["summary"].startswith("A request with the key")
            and "was refused: " in event["summary"]
            for event in found
        )
        return {(event["data"]["code"], event["data"]["scope"]) for event in found}


@pytest.fixture
def holder(committed_db: CommittedDatabase) -> Holder:
    """An agent with a key, committed: an error undoes the transaction that a test would share."""
    world, caller = make_caller()
    return Holder(world, caller.key)


def key_of_caller() -> Credential:
    """Return the first key; its company is bound."""
    return Credential.objects.select_related("agent").get(agent__name="caller", label="tests")


def give(holder: Holder, **limits: Any) -> None:
    """Give the holder's agent another key with limits, and use that one."""
    company = holder.world.company
    with tenant_transaction(company.id):
        agent = key_of_caller().agent
        _, holder.text = issue_credential(
            actor=company.olivia, agent=agent, label="limited", lifetime=timedelta(days=1),
            limits=KeyLimits(**limits),
        )  # fmt: skip


def bind(holder: Holder) -> None:
    """Change the holder's key for a token that is bound to a key of its own."""
    company = holder.world.company
    with tenant_transaction(company.id):
        agent = key_of_caller().agent
    asked = "/oauth/token"
    shown = Shown(
        holder.text, proof=make_proof(path=asked), method="POST", url=settings.BASE_URL + asked,
    )  # fmt: skip
    granted = issue_access_token(shown=shown, client_id=agent.public_id, scope=None)
    holder.text, holder.scheme = granted.text, "DPoP"


@pytest.mark.parametrize("scope", ALL)
def test_without_its_scope_an_entry_point_is_shut_and_others_are_open(
    holder: Holder, scope: str
) -> None:
    give(holder, scopes=tuple(each for each in ALL if each != scope))
    shut = {}
    for (method, path), needed in ENTRY_POINTS.items():
        answer = holder.ask(method, path)
        is_shut = answer.status_code == 403 and "scope_missing" in answer.json()["type"]
        if is_shut:
            assert f"the scope {scope}." in answer.json()["detail"]
        shut[method, path] = is_shut
        assert is_shut == (needed == scope), (method, path, answer.content)
    # One event a minute and reason, however many were refused.
    assert holder.recorded() == ({("scope_missing", scope)} if any(shut.values()) else set())


@pytest.mark.parametrize("how", ["expired", "revoked", "paused", "unknown"])
@pytest.mark.parametrize("is_token", [False, True])
def test_what_does_not_work_any_more_is_unknown_everywhere(
    holder: Holder, how: str, is_token: bool
) -> None:
    company = holder.world.company
    if is_token:
        with tenant_transaction(company.id):
            agent = key_of_caller().agent
        shown = Shown(holder.text)
        holder.text = issue_access_token(shown=shown, client_id=agent.public_id, scope=None).text
    with tenant_transaction(company.id):
        key = key_of_caller()
        if how == "revoked":
            revoke_credential(actor=company.olivia, credential=key)
        elif how == "paused":
            pause_agent(actor=company.olivia, agent=key.agent, reason="Odd.")
    if how == "expired":
        shift_clock(timedelta(minutes=15) if is_token else timedelta(days=30))
    if how == "unknown":
        holder.text = holder.text[:-1] + ("a" if holder.text[-1] != "a" else "b")
    assert holder.answers() == dict.fromkeys(ENTRY_POINTS, UNKNOWN)
    assert holder.recorded() == set()


def test_a_suspended_account_says_so_everywhere(holder: Holder) -> None:
    suspend_tenant(operator="Ruth", slug="acme", reason="Unpaid.")
    assert holder.answers() == dict.fromkeys(ENTRY_POINTS, (403, "tenant_suspended"))


def test_from_outside_of_its_networks_a_key_opens_nothing(holder: Holder) -> None:
    give(holder, networks=("192.0.2.0/24", "2001:db8::/32"))
    assert holder.answers() == dict.fromkeys(ENTRY_POINTS, (403, "address_not_allowed"))
    assert holder.recorded() == {("address_not_allowed", None)}
    path = "/api/v1/action-requests"
    statuses = {
        address: holder.ask("GET", path, REMOTE_ADDR=address).status_code
        for address in ("192.0.2.9", "192.0.3.9", "2001:db8::9", "2001:db9::9")
    }
    assert statuses == {
        "192.0.2.9": 200, "192.0.3.9": 403, "2001:db8::9": 200, "2001:db9::9": 403,
    }  # fmt: skip
    lied = holder.ask("GET", path, HTTP_X_FORWARDED_FOR="192.0.2.9")
    assert lied.status_code == 403


def wrong_method(method: str, path: str) -> dict[str, Any]:
    return {"path": path, "method": "PUT"}


def wrong_url(method: str, path: str) -> dict[str, Any]:
    return {"path": f"{path}/more", "method": method}


def stale(method: str, path: str) -> dict[str, Any]:
    return {"path": path, "method": method, "iat": 1_000_000_000}


def from_ahead(method: str, path: str) -> dict[str, Any]:
    return {"path": path, "method": method, "iat": 9_000_000_000}


def of_no_token(method: str, path: str) -> dict[str, Any]:
    return {"path": path, "method": method, "without": ("ath",)}


@pytest.mark.parametrize("wrong", [wrong_method, wrong_url, stale, from_ahead, of_no_token])
def test_a_proof_that_is_not_for_this_request_opens_nothing(
    holder: Holder, wrong: Callable[[str, str], dict[str, Any]]
) -> None:
    bind(holder)
    holder.proof = lambda method, path: make_proof(token=holder.text, **wrong(method, path))
    assert holder.answers() == dict.fromkeys(ENTRY_POINTS, (401, "invalid_dpop_proof"))
    assert holder.recorded() == {("invalid_dpop_proof", None)}


def test_a_proof_that_is_missing_opens_nothing(holder: Holder) -> None:
    bind(holder)
    assert holder.answers() == dict.fromkeys(ENTRY_POINTS, (401, "invalid_dpop_proof"))
    holder.scheme = "Bearer"
    assert holder.answers() == dict.fromkeys(ENTRY_POINTS, (401, "token_is_bound"))


def test_a_proof_that_was_used_opens_nothing(holder: Holder) -> None:
    bind(holder)
    for method, path in ENTRY_POINTS:
        proof = make_proof(path=path, method=method, token=holder.text)
        holder.proof = lambda _method, _path, proof=proof: proof
        first, second = holder.ask(method, path), holder.ask(method, path)
        assert first.status_code not in (401, 403), (method, path)
        assert (second.status_code, "dpop_proof_replayed" in second.json()["type"]) == (401, True)
    assert holder.recorded() == {("dpop_proof_replayed", None)}


def test_a_key_that_needs_proofs_opens_nothing_by_itself(holder: Holder) -> None:
    give(holder, needs_proof=True)
    assert holder.answers() == dict.fromkeys(ENTRY_POINTS, (401, "proof_needed"))
    assert holder.recorded() == {("proof_needed", None)}


def test_a_key_for_some_categories_asks_for_and_fetches_no_others(holder: Holder) -> None:
    company = holder.world.company
    wide = Caller(holder.text)
    made = wide.submit().json()["id"]
    with tenant_transaction(company.id):
        request = ActionRequest.objects.get()
    for member in (company.alice, company.bob):
        holder.world.vote(member, request)
    give(holder, categories=("notes.*",))
    narrow = Caller(holder.text)
    answers = [
        narrow.submit(),
        narrow.post("/api/v1/action-requests/preview", PAYMENT),
        narrow.post(f"/api/v1/action-requests/{made}/grant"),
    ]
    assert [answer.status_code for answer in answers] == [403, 403, 403]
    assert {answer.json()["type"] for answer in answers} == {
        "urn:govapp:problem:category_not_of_key"
    }
    assert holder.recorded() == {
        ("category_not_of_key", "submit"), ("category_not_of_key", "grant"),
    }  # fmt: skip
    assert narrow.submit(category="notes.write").status_code == 201
    assert wide.post(f"/api/v1/action-requests/{made}/grant").status_code == 201
