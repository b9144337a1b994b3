"""Handing on, acting under it, and cutting it off."""

from datetime import timedelta
from typing import Any

import pytest

from approvals.enums import RequestStatus
from approvals.models import ActionRequest, Delegation
from approvals.services.delegations import DelegationRefused
from approvals.services.execution import (
    issue_grant,
    redeem_grant,
    report_execution,
)
from audit.models import LedgerEvent
from govapp.common.errors import Conflict, DomainError, Forbidden, Invalid, NotFound
from govapp.common.tenancy import bind_tenant, tenant_transaction
from tenants.models import Credential
from tenants.services.agents import pause_agent, resume_agent, retire_agent
from tenants.services.credentials import issue_credential, revoke_credential
from tenants.services.key_limits import KeyLimits
from tenants.services.tenants import update_settings
from tests.approvals.chains import NAMES, Chain, codes, make_chain, own, sentences
from tests.approvals.world import FOUR_EYES
from tests.conftest import MoveClock
from tests.people import make_agent, make_company
from tests.support.recorded import read, text_of
from tests.tenants.ledger import events, summaries

pytestmark = pytest.mark.django_db
DEEP = 4


@pytest.fixture
def chain(db: None) -> Chain:
    return make_chain(DEEP)


def test_a_chain_of_four_acts_and_everything_knows_it(chain: Chain) -> None:
    request = chain.submit("helper", chain.handed[-1].token)
    links = [
        {
            "id": handed.delegation.public_id,
            "from": {"id": chain.agents[giver].public_id, "name": giver},
            "to": {"id": chain.agents[taker].public_id, "name": taker},
        }
        for handed, giver, taker in zip(chain.handed, NAMES, NAMES[1:], strict=False)
    ]
    assert (request.status, request.delegation) == ("allowed", chain.handed[-1].delegation)
    assert request.delegation_chain == links
    assert request.facts is not None
    assert request.facts["delegation_depth"] == DEEP
    with tenant_transaction(chain.tenant_id):
        issued = issue_grant(agent=chain.agents["helper"], request_id=request.pk)
    with bind_tenant(chain.tenant_id):
        redeem_grant(token=issued.token, redeemed_by="bank")
    with tenant_transaction(chain.tenant_id):
        report_execution(agent=chain.agents["helper"], request_id=request.pk, outcome="succeeded")
        bodies = [read(row) for row in LedgerEvent.objects.filter(request_id=request.pk)]
    assert sorted(body["type"] for body in bodies) == [
        "action_request.allowed", "action_request.submitted", "execution.reported",
        "grant.issued", "grant.redeemed",
    ]  # fmt: skip
    assert [body["delegation"] for body in bodies] == [links] * 5


def test_paths_name_every_link(chain: Chain) -> None:
    ids = [handed.delegation.public_id for handed in chain.handed]
    assert [handed.delegation.path for handed in chain.handed] == [
        f"/{'/'.join(ids[: number + 1])}/" for number in range(DEEP)
    ]


def test_cutting_the_second_link_stops_all_under_it_and_nothing_else(chain: Chain) -> None:
    helper = chain.agents["helper"]
    asked = chain.submit("helper", chain.handed[-1].token)
    waiting = chain.submit("helper", chain.handed[-1].token)
    with tenant_transaction(chain.tenant_id):
        issued = issue_grant(agent=helper, request_id=asked.pk)
    second = chain.handed[1].delegation
    chain.revoke(second, chain.world.company.carl, "Wrong supplier.")

    after = [
        chain.submit(taker, handed.token)
        for taker, handed in zip(NAMES[1:], chain.handed, strict=True)
    ]
    assert [request.status for request in after] == ["allowed", "blocked", "blocked", "blocked"]
    assert [codes(request) for request in after[1:]] == [["delegation_revoked"]] * 3
    (said,) = sentences(after[-1])
    assert said.startswith(f"The delegation {second.public_id} from buyer to clerk was revoked on ")
    # What was issued before is dead, and what was allowed before gives no permission any more.
    with bind_tenant(chain.tenant_id), pytest.raises(Conflict) as dead:
        redeem_grant(token=issued.token, redeemed_by="bank")
    assert dead.value.code == "delegation_revoked"
    with tenant_transaction(chain.tenant_id):
        with pytest.raises(DelegationRefused) as none:
            issue_grant(agent=helper, request_id=waiting.pk)
        assert none.value.code == "delegation_revoked"
        (refused,) = summaries("grant.redeem_refused")
        assert said in refused
        left = Delegation.objects.filter(revoked_at=None)
        assert list(left) == [chain.handed[0].delegation]
        (told,) = events("delegation.revoked")
    assert told["data"] == {
        "from": {"id": chain.agents["buyer"].public_id, "name": "buyer"},
        "to": {"id": chain.agents["clerk"].public_id, "name": "clerk"},
        "reason": "Wrong supplier.",
        "cut": 2,
    }
    assert told["summary"] == (
        "Carl revoked what buyer had handed clerk: Wrong supplier.. 2 more under it ended with it."
    )


def test_a_sibling_stays_when_a_link_is_cut(chain: Chain) -> None:
    first = chain.handed[0]
    sibling = chain.hand("buyer", "runner", first.token)
    chain.revoke(chain.handed[1].delegation, chain.agents["buyer"])
    assert chain.submit("runner", sibling.token).status == "allowed"
    assert chain.submit("clerk", chain.handed[1].token).status == "blocked"


def test_an_agent_that_rests_cuts_the_chain_as_long(chain: Chain) -> None:
    olivia, buyer = chain.world.company.olivia, chain.agents["buyer"]
    with tenant_transaction(chain.tenant_id):
        pause_agent(actor=olivia, agent=buyer, reason="Odd.")
    request = chain.submit("helper", chain.handed[-1].token)
    (said,) = sentences(request)
    assert codes(request) == ["delegation_revoked"]
    assert said.endswith(
        "from planner to buyer rests, because buyer is paused: an owner says whether it goes on."
    )
    with tenant_transaction(chain.tenant_id):
        resume_agent(actor=olivia, agent=buyer)
    assert chain.submit("helper", chain.handed[-1].token).status == "allowed"
    with tenant_transaction(chain.tenant_id):
        retire_agent(actor=olivia, agent=chain.agents["planner"], reason="Old.")
    assert codes(chain.submit("helper", chain.handed[-1].token)) == ["delegation_revoked"]


def test_a_revoked_key_ends_what_was_made_with_it(chain: Chain) -> None:
    with tenant_transaction(chain.tenant_id):
        key = Credential.objects.select_related("agent").get(agent__name="clerk")
        revoke_credential(actor=chain.world.company.olivia, credential=key)
    assert chain.submit("clerk", chain.handed[1].token).status == "allowed"
    request = chain.submit("runner", chain.handed[2].token)
    assert codes(request) == ["delegation_revoked"]
    assert sentences(request)[0].endswith(
        "ended with the key that it was made with, which was revoked. Ask clerk for another one."
    )


def test_a_delegation_ends_by_itself(chain: Chain, move_clock: MoveClock) -> None:
    move_clock(timedelta(minutes=59))
    assert chain.submit("buyer", chain.handed[0].token).status == "allowed"
    move_clock(timedelta(minutes=61))
    request = chain.submit("buyer", chain.handed[0].token)
    assert codes(request) == ["delegation_expired"]
    assert sentences(request)[0].endswith("Ask planner for another one.")


@pytest.mark.parametrize("named", ["gov_dg_nonsense", "", "of another"])
def test_only_who_it_was_given_to_acts_under_it(chain: Chain, named: str) -> None:
    last = chain.handed[-1]
    token = last.token if named == "of another" else named or last.token[:-1] + "!"
    request = chain.submit("runner", token)
    assert (request.status, codes(request)) == ("blocked", ["delegation_unknown"])
    assert (request.delegation, request.delegation_chain) == (None, [])
    assert request.facts is not None
    assert request.facts["delegation_depth"] == 0
    with tenant_transaction(chain.tenant_id):
        refused = events("delegation.used_refused")
    assert [(each["actor"]["name"], each["subject"]["id"]) for each in refused] == (
        [("runner", last.delegation.public_id)] if named == "of another" else []
    )


def test_every_refused_use_is_in_the_record(chain: Chain) -> None:
    last = chain.handed[-1]
    request = chain.submit("helper", last.token, integration="bank", category="mail.send")
    assert request.status == "blocked"
    chain.revoke(last.delegation, chain.world.company.olivia, "Done.")
    request = chain.submit("helper", last.token)
    with tenant_transaction(chain.tenant_id):
        (refused,) = events("delegation.used_refused")
        (blocked,) = [
            each
            for each in events("action_request.blocked")
            if each["subject"]["id"] == request.public_id
        ]
    assert refused["request"] == request.public_id
    assert refused["data"]["code"] == "delegation_revoked"
    assert refused["data"]["why"] == sentences(request)[0]
    assert blocked["data"]["reason"] == sentences(request)[0]


def test_a_token_is_nowhere_but_with_its_agent(chain: Chain) -> None:
    token = chain.handed[-1].token
    secret = token.rpartition("_")[2]
    chain.submit("helper", token)
    chain.submit("runner", token)
    with tenant_transaction(chain.tenant_id):
        record = " ".join(text_of(row) for row in LedgerEvent.objects.all())
        rows = str(list(Delegation.objects.values())) + str(list(ActionRequest.objects.values()))
    assert secret not in record
    assert secret not in rows


WIDER: list[tuple[str, dict[str, Any], str, str]] = [
    ("categories", {"categories": ("mail.*",)}, "delegation_too_wide", "/categories"),
    ("integrations", {"integrations": ("crm",)}, "delegation_too_wide", "/integrations"),
    ("budget", {"budget": {"EUR": "100.01"}}, "delegation_too_wide", "/budget"),
    ("currency", {"budget": {"USD": "1"}}, "delegation_too_wide", "/budget"),
    ("time", {"lifetime": timedelta(minutes=61)}, "delegation_too_wide", "/expires_in"),
    ("depth", {"depth": 3}, "delegation_too_deep", "/depth"),
]


@pytest.mark.parametrize("place", range(1, DEEP))
@pytest.mark.parametrize(
    ("wish", "code", "pointer"), [row[1:] for row in WIDER], ids=[row[0] for row in WIDER]
)
def test_nobody_hands_on_more_than_they_have(
    db: None, wish: dict[str, Any], code: str, pointer: str, place: int
) -> None:
    chain = make_chain()
    chain.extend(categories=("payments.*",), integrations=("bank",), budget={"EUR": "100"})
    for _ in range(place - 1):
        chain.extend()
    with pytest.raises(DelegationRefused) as refused:
        chain.extend(**wish)
    assert (refused.value.code, [each.pointer for each in refused.value.errors]) == (
        code, [pointer],
    )  # fmt: skip


def test_a_first_link_is_no_wider_than_the_key(db: None) -> None:
    chain = make_chain()
    with tenant_transaction(chain.tenant_id):
        key = Credential.objects.select_related("agent").get(agent__name="planner")
        revoke_credential(actor=chain.world.company.olivia, credential=key)
        issue_credential(
            actor=chain.world.company.olivia,
            agent=chain.agents["planner"],
            label="narrow",
            lifetime=timedelta(hours=2),
            limits=KeyLimits(categories=("payments.*",)),
        )
    for wish in ({"categories": ("mail.send",)}, {"lifetime": timedelta(hours=3)}):
        with pytest.raises(DelegationRefused):
            chain.extend(**wish)
    assert chain.extend().delegation.categories == ["payments.*"]


def test_a_chain_is_as_long_as_the_tenant_says(chain: Chain) -> None:
    def say(depth: int) -> None:
        with tenant_transaction(chain.tenant_id):
            update_settings(
                actor=chain.world.company.olivia,
                tenant=chain.world.company.tenant,
                delegation_depth=depth,
            )

    with pytest.raises(DelegationRefused) as deep:
        chain.hand("helper", "payer", chain.handed[-1].token)
    assert deep.value.code == "delegation_too_deep"
    say(3)
    request = chain.submit("helper", chain.handed[-1].token)
    assert codes(request) == ["delegation_too_deep"]
    assert sentences(request) == ["The task was handed on 4 times; at most 3 are allowed here."]
    assert chain.submit("runner", chain.handed[-2].token).status == "allowed"
    say(0)
    with pytest.raises(DelegationRefused) as none:
        chain.hand("planner", "buyer")
    assert none.value.code == "delegation_too_deep"


def test_nothing_goes_in_a_circle(chain: Chain) -> None:
    with pytest.raises(Invalid, match="to itself"):
        chain.hand("planner", "planner")
    for name in ("planner", "buyer"):
        with pytest.raises(Invalid, match=f"{name} is part of this chain already|to itself"):
            chain.hand("clerk", name, chain.handed[1].token)


def test_only_to_an_agent_of_the_tenant_that_acts(chain: Chain) -> None:
    chain.agents["stranger"] = make_agent(make_company("other"), "stranger")[0]
    with pytest.raises(Invalid, match="no such agent"):
        chain.hand("planner", "stranger")
    with tenant_transaction(chain.tenant_id):
        pause_agent(actor=chain.world.company.olivia, agent=chain.agents["helper"], reason="Odd.")
    with pytest.raises(Conflict, match="helper is paused"):
        chain.hand("planner", "helper")


def test_nobody_hands_on_what_was_not_given_to_them(chain: Chain) -> None:
    for token in (chain.handed[0].token, "gov_dg_nonsense"):
        with pytest.raises(DelegationRefused) as refused:
            chain.hand("runner", "helper", token)
        assert refused.value.code == "delegation_unknown"
        assert [each.pointer for each in refused.value.errors] == ["/under"]
    chain.revoke(chain.handed[0].delegation, chain.world.company.carl, "Over.")
    with pytest.raises(DelegationRefused) as cut:
        chain.hand("clerk", "helper", chain.handed[1].token)
    assert cut.value.code == "delegation_revoked"


@pytest.mark.parametrize(
    ("wish", "pointer"),
    [
        ({"lifetime": timedelta(seconds=59)}, "/expires_in"),
        ({"lifetime": timedelta(days=367)}, "/expires_in"),
        ({"depth": 8}, "/depth"),
        ({"depth": -1}, "/depth"),
        ({"purpose": "a\nb"}, "/purpose"),
        ({"purpose": "a" * 201}, "/purpose"),
        ({"categories": ()}, "/categories"),
        ({"categories": ("Pay.*",)}, "/categories"),
        ({"categories": ("*",)}, "/categories"),
        ({"integrations": ()}, "/integrations"),
        ({"budget": {"EUR": "-1"}}, "/budget/EUR"),
        ({"budget": {"EUR": "0.0000001"}}, "/budget/EUR"),
        ({"budget": {"EUR": "1000000000000000"}}, "/budget/EUR"),
    ],
)
def test_a_wish_that_cannot_be_meant_is_refused(
    db: None, wish: dict[str, Any], pointer: str
) -> None:
    chain = make_chain()
    with pytest.raises(Invalid) as refused:
        chain.extend(**wish)
    assert [each.pointer for each in refused.value.errors] == [pointer]


WHO_MAY = [
    ("olivia", None), ("carl", None), ("alice", Forbidden), ("audrey", Forbidden),
    ("planner", None), ("buyer", None), ("clerk", NotFound), ("helper", NotFound),
]  # fmt: skip


@pytest.mark.parametrize(("who", "refusal"), WHO_MAY)
def test_who_may_cut_the_second_link(
    chain: Chain, who: str, refusal: type[DomainError] | None
) -> None:
    company = chain.world.company
    actor = chain.agents.get(who) or getattr(company, who)
    second = chain.handed[1].delegation
    if refusal is None:
        chain.revoke(second, actor, "Enough.")
        assert chain.submit("clerk", chain.handed[1].token).status == "blocked"
    else:
        with pytest.raises(refusal):
            chain.revoke(second, actor, "Enough.")


def test_the_owner_of_either_agent_may_cut_it(chain: Chain) -> None:
    company = chain.world.company
    own(chain, "clerk", company.bob)
    with pytest.raises(Forbidden):
        chain.revoke(chain.handed[0].delegation, company.bob, "Mine.")
    chain.revoke(chain.handed[1].delegation, company.bob, "Mine.")


def test_who_owns_an_agent_of_the_chain_does_not_decide_on_it(db: None) -> None:
    chain = make_chain(document=FOUR_EYES)
    alice = chain.world.company.alice
    own(chain, "planner", alice)
    chain.extend()
    chain.extend()
    request = chain.submit("clerk", chain.handed[1].token)
    with pytest.raises(Forbidden):
        chain.world.vote(alice, request)
    # What the agent asks for by itself is no business of the planner's.
    chain.world.vote(alice, chain.submit("clerk", ""))


def test_a_person_says_why_and_nobody_cuts_it_twice(chain: Chain) -> None:
    first, carl = chain.handed[0].delegation, chain.world.company.carl
    with pytest.raises(Invalid):
        chain.revoke(first, carl, " ")
    chain.revoke(first, carl, "Over.")
    for handed in chain.handed:
        with pytest.raises(Conflict, match="It was revoked on"):
            chain.revoke(handed.delegation, carl, "Again.")


def test_a_delegation_allows_nothing_by_itself(db: None) -> None:
    chain = make_chain(1, FOUR_EYES)
    request = chain.submit("buyer", chain.handed[0].token)
    assert request.status == RequestStatus.PENDING
