"""Every way in of an agent's action, against everything that holds an agent.

Each cell is the code that the way in answers with; "goes" is where nothing holds it there. What is
refused is in the record, in the words that were answered.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from typing import Any, Final

import pytest
from django.test import Client

from approvals.models import ActionRequest
from audit.models import LedgerEvent
from govapp.common import clock
from govapp.common.tenancy import tenant_transaction
from tenants.models import Agent, Integration, IntegrationGrant, Reservation, Tenant
from tenants.services.agents import pause_agent
from tenants.services.autonomy import set_autonomy, set_environment
from tenants.services.budget_rules import Terms, set_budget
from tenants.services.budgets import reap
from tenants.services.integrations import revoke_integration, suspend_integration
from tenants.services.kill import throw
from tenants.services.reach_grants import withdraw_grant
from tenants.services.tenants import suspend_tenant
from tests.approvals.api.agents import PAYMENT, URL, Caller, make_caller, new_caller
from tests.approvals.api.test_bound_tokens import ask_model, exchanged, told
from tests.approvals.chains import ALLOWED
from tests.approvals.models_at import connect_model
from tests.approvals.paying import forget
from tests.approvals.world import World
from tests.support.committed import CommittedDatabase
from tests.support.recorded import text_of
from tests.tenants.budgets.companies import begin_at_noon
from tests.tenants.systems import active_system, give

GOES: Final = "goes"
WAYS: Final = ("submit", "preview", "grant", "redeem")
Cells = tuple[str, str, str, str]


@dataclass
class Site:
    """A company whose buyer acts under a delegation of a planner, on a system it was granted.

    All is part of one task. There is one request that is allowed, and one with a permission that
    was not used yet.
    """

    world: World
    planner: Caller
    buyer: Caller
    system: Integration
    handed: dict[str, Any]
    words: list[str] = field(default_factory=list)
    run: str = ""
    open: str = ""
    token: str = ""

    def act(self, **fields: Any) -> dict[str, Any]:
        named = {"integration": "acme-bank", "delegation": self.handed["token"], "run": self.run}
        return named | fields

    def begin(self) -> "Site":
        self.run = self.buyer.post("/api/v1/runs", {"key": "task", "title": "Invoices"}).json()[
            "id"
        ]
        allowed, granted = (self.buyer.submit(**self.act()).json() for _ in range(2))
        assert (allowed["status"], granted["status"]) == ("allowed", "allowed")
        self.open = allowed["id"]
        self.token = self.buyer.post(f"{URL}/{granted['id']}/grant").json()["token"]
        return self

    def try_all(self, caller: Caller | None = None, **fields: Any) -> Cells:
        """Go every way in, and return what each answered."""
        caller, sent = caller or self.buyer, self.act(**fields)
        return (
            self._submitted(caller.submit(**sent)),
            self._previewed(caller.post(f"{URL}/preview", PAYMENT | sent)),
            self._answered(caller.post(f"{URL}/{self.open}/grant")),
            self._answered(
                Client().post(
                    "/api/v1/grants/redeem", {"token": self.token}, content_type="application/json"
                )
            ),
        )

    def _submitted(self, answer: Any) -> str:
        if answer.status_code >= 400:
            return self._answered(answer)
        body = answer.json()
        if body["status"] != "blocked":
            return GOES
        self.words.append(body["decision"]["reason"])
        return " ".join(dict.fromkeys(body["decision"]["reasons"]))

    def _previewed(self, answer: Any) -> str:
        if answer.status_code >= 400:
            return self._answered(answer)
        body = answer.json()
        if body["outcome"] == "allow":
            return GOES
        # A preview writes nothing: it says the same, and is in no record.
        assert body["because"] in self.words
        return "denied"

    def _answered(self, answer: Any) -> str:
        if answer.status_code < 400:
            return GOES
        body = answer.json()
        if answer.status_code not in (401, 404) and body["type"] != TENANT_SUSPENDED:
            self.words.append(body["detail"])
        return str(body["type"]).rpartition(":")[2]

    def recorded(self) -> str:
        with tenant_transaction(self.world.company.id):
            return " ".join(text_of(row) for row in LedgerEvent.objects.order_by("id"))


TENANT_SUSPENDED: Final = "urn:govapp:problem:tenant_suspended"


@pytest.fixture
def site(committed_db: CommittedDatabase) -> Site:
    """Committed: an error undoes the transaction that a test would share."""
    begin_at_noon()  # no window of a budget ends meanwhile
    world, planner = make_caller(ALLOWED)
    buyer = new_caller(world, "buyer")
    with tenant_transaction(world.company.id):
        system = active_system(world.company)
        agents = {each.name: each for each in Agent.objects.all()}
        give(world.company, agents["buyer"], system)
    handed = planner.post(
        "/api/v1/delegations",
        {"to": agents["buyer"].public_id, "expires_in": 120, "categories": ["payments.*"]},
    ).json()
    return Site(world, planner, buyer, system, handed).begin()


def buyer_of(site: Site) -> Agent:
    return Agent.objects.get(name="buyer")


def withdrawn(site: Site) -> None:
    grant = IntegrationGrant.objects.get(agent=buyer_of(site))
    withdraw_grant(actor=site.world.company.olivia, grant=grant)


def suspended(site: Site) -> None:
    suspend_integration(actor=site.world.company.olivia, integration=site.system, reason="Odd.")


def revoked(site: Site) -> None:
    revoke_integration(actor=site.world.company.olivia, integration=site.system, reason="Odd.")


def expired(site: Site) -> None:
    Integration.objects.filter(pk=site.system.pk).update(expires_at=clock.now())


def for_another_category(site: Site) -> None:
    withdrawn(site)
    give(site.world.company, buyer_of(site), site.system, "mails.*")


def over_budget(site: Site) -> None:
    set_budget(
        actor=site.world.company.olivia, scope="tenant", measure="count", period="day",
        terms=Terms(Decimal(1), "halt"),
    )  # fmt: skip
    site.buyer.submit(**site.act())  # the one that it is enough for


def let_go_of(on_exceed: str) -> Callable[[Site], None]:
    def lapse(site: Site) -> None:
        set_budget(
            actor=site.world.company.olivia, scope="tenant", measure="count", period="day",
            terms=Terms(Decimal(1), on_exceed),
        )  # fmt: skip
        site.open = site.buyer.submit(**site.act()).json()["id"]
        Reservation.objects.update(expires_at=clock.now())
        assert reap() == 1
        taken = site.buyer.submit(**site.act()).json()
        assert taken["status"] == "allowed"

    return lapse


def killed(scope: str, ref: str = "") -> Callable[[Site], None]:
    def throw_it(site: Site) -> None:
        refs = {"buyer": buyer_of(site).public_id, "delegation": site.handed["id"]}
        throw(actor=site.world.company.olivia, scope=scope, ref=refs.get(ref, ref), reason="Odd.")

    return throw_it


def cut(site: Site) -> None:
    answer = site.planner.post(f"/api/v1/delegations/{site.handed['id']}/revoke", {"reason": "No."})
    assert answer.status_code == 200


def giver_paused(site: Site) -> None:
    planner = Agent.objects.get(name="caller")
    pause_agent(actor=site.world.company.olivia, agent=planner, reason="Odd.")


def too_deep(site: Site) -> None:
    Tenant.objects.update(delegation_depth=0)


def read_only(site: Site) -> None:
    set_environment(
        actor=site.world.company.olivia, name="production", is_read_only=True, reason="An audit."
    )


def limited_to(level: str) -> Callable[[Site], None]:
    def limit(site: Site) -> None:
        set_autonomy(
            actor=site.world.company.olivia, agent=buyer_of(site), pattern="payments.*",
            level=level, reason="It is new.",
        )  # fmt: skip

    return limit


def labelled(site: Site) -> None:
    """The task reads what the system is not cleared for."""
    step = {"key": "read", "kind": "retrieval", "title": "A file", "labels": ["customer-pii"]}
    answer = site.buyer.post(f"/api/v1/runs/{site.run}/steps", {"steps": [step]})
    assert answer.status_code == 201, answer.content


def forgotten(site: Site) -> None:
    """What both asked for is no longer kept."""
    for each in ActionRequest.objects.all():
        forget(each)


def paused(site: Site) -> None:
    pause_agent(actor=site.world.company.olivia, agent=buyer_of(site), reason="Odd.")


def all_four(code: str) -> Cells:
    return (code, "denied", code, code)


def at_submit(code: str) -> Cells:
    return (code, "denied", GOES, GOES)


HELD: Final[dict[str, tuple[Callable[[Site], None], Cells]]] = {
    "no grant": (withdrawn, all_four("integration_not_granted")),
    "granted for something else": (for_another_category, all_four("category_not_granted")),
    "system suspended": (suspended, all_four("integration_suspended")),
    "system revoked": (revoked, all_four("integration_revoked")),
    "system expired": (expired, all_four("integration_expired")),
    "environment read-only": (read_only, all_four("environment_read_only")),
    "recommends only": (limited_to("recommend"), all_four("recommend_only")),
    # Nobody was asked of what was allowed before, and nobody can be asked here now.
    "asks always": (
        limited_to("ask"),
        ("autonomy_refused", "denied", "autonomy_ask", "autonomy_ask"),
    ),
    "data not cleared": (labelled, all_four("labels_not_cleared")),
    "contents gone": (forgotten, (GOES, GOES, "contents_gone", "contents_gone")),
    "over budget": (over_budget, at_submit("budget_halted")),
    # Of what is submitted now people are asked, and there are none here; what was allowed before
    # does not go past them.
    "let go of, and asks": (
        let_go_of("ask"),
        ("budget_refused", "denied", "budget_ask", GOES),
    ),
    "let go of, and halts": (
        let_go_of("halt"),
        ("budget_halted", "denied", "budget_exceeded", GOES),
    ),
    "everything killed": (killed("tenant"), all_four("killed")),
    "agent killed": (killed("agent", "buyer"), all_four("killed")),
    "system killed": (killed("integration", "acme-bank"), all_four("killed")),
    "category killed": (killed("category", "payments.*"), all_four("killed")),
    "delegation killed": (killed("delegation", "delegation"), all_four("killed")),
    "delegation cut": (cut, all_four("delegation_revoked")),
    "whoever handed on is paused": (giver_paused, all_four("delegation_revoked")),
    "delegated too deep": (too_deep, at_submit("delegation_too_deep")),
    "agent paused": (
        paused,
        ("unauthenticated", "unauthenticated", "unauthenticated", "agent_not_active"),
    ),
}


def test_nothing_holds_what_nothing_holds(site: Site) -> None:
    assert site.try_all() == (GOES, GOES, GOES, GOES)


@pytest.mark.parametrize("name", HELD)
def test_what_holds_an_agent_holds_it_at_every_way_in_and_is_recorded(
    site: Site, name: str
) -> None:
    hold, cells = HELD[name]
    with tenant_transaction(site.world.company.id):
        hold(site)
    assert dict(zip(WAYS, site.try_all(), strict=True)) == dict(zip(WAYS, cells, strict=True))
    recorded = site.recorded()
    assert site.words
    assert [words for words in site.words if words not in recorded] == []


def test_that_contents_are_gone_is_recorded_where_the_permission_is_asked_for(site: Site) -> None:
    """By itself: the redemption says the same of another one."""
    with tenant_transaction(site.world.company.id):
        forgotten(site)
    answer = site.buyer.post(f"{URL}/{site.open}/grant")
    assert answer.json()["type"] == "urn:govapp:problem:contents_gone"
    assert answer.json()["detail"] in site.recorded()


def test_a_delegation_that_is_over_holds_what_came_under_it(site: Site) -> None:
    begin_at_noon(timedelta(minutes=3))
    assert site.try_all() == all_four("delegation_expired")
    recorded = site.recorded()
    assert [words for words in site.words if words not in recorded] == []


def test_what_is_wider_than_what_was_handed_on_is_refused(site: Site) -> None:
    wide = site.try_all(category="notes.write", integration="")
    assert wide == at_submit("category_unknown delegation_too_wide")


def test_of_another_tenant_there_is_nothing(site: Site) -> None:
    _, stranger = make_caller(ALLOWED, slug="globex")
    site.words.clear()
    submitted, previewed, grant, redeemed = site.try_all(stranger)
    assert (submitted, previewed, grant) == (
        "integration_unknown delegation_unknown", "denied", "not_found",
    )  # fmt: skip
    assert redeemed == GOES  # it is for whoever holds it, of the tenant that it is of
    assert "acme-bank" not in site.handed["id"]


def test_a_suspended_account_refuses_everything(site: Site) -> None:
    suspend_tenant(operator="Ruth", slug="acme", reason="Unpaid.")
    assert site.try_all() == ("tenant_suspended",) * 4


# A call of a model, by a token that is bound to the delegation: what it answers to the same holds.
AT_THE_GATEWAY: Final[dict[str, str]] = {
    "environment read-only": GOES,  # nothing is changed by it
    "recommends only": GOES,  # nor is it an action
    "over budget": "budget_halted",
    "everything killed": "killed",
    "agent killed": "killed",
    "delegation killed": "killed",
    "delegation cut": "delegation_revoked",
    "whoever handed on is paused": "delegation_revoked",
    "delegated too deep": "delegation_too_deep",
    "agent paused": "unauthenticated",
}


def model_token(site: Site) -> Caller:
    """Hand on what models are called with, and return a token that is bound to it."""
    site.handed = site.planner.post(
        "/api/v1/delegations",
        {"to": buyer_id(site), "expires_in": 120, "categories": ["payments.*", "model.*"]},
    ).json()
    return exchanged(buyer_id(site), site.buyer, site.handed["token"])


def buyer_id(site: Site) -> str:
    with tenant_transaction(site.world.company.id):
        return buyer_of(site).public_id


def test_a_model_is_called_under_a_delegation(site: Site) -> None:
    with tenant_transaction(site.world.company.id):
        agent = buyer_of(site)
    connect_model(site.world, agent, "https://models.example/v1")
    assert ask_model(model_token(site)).status_code == 200


@pytest.mark.parametrize("name", AT_THE_GATEWAY)
def test_what_holds_an_agent_holds_its_calls_of_models_under_a_delegation(
    site: Site, name: str
) -> None:
    with tenant_transaction(site.world.company.id):
        agent = buyer_of(site)
    connect_model(site.world, agent, "https://models.example/v1")
    bound = model_token(site)
    with tenant_transaction(site.world.company.id):
        HELD[name][0](site)
    answer = ask_model(bound)
    assert (told(answer)[1] or GOES) == AT_THE_GATEWAY[name]
    if answer.status_code == 403:
        assert answer.json()["detail"] in site.recorded()
