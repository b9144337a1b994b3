"""Kill switches: who throws them, who resumes them, what a drill leaves."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from govapp.common.errors import Conflict, Forbidden, Invalid
from govapp.common.tenancy import bind_tenant
from tenants.models import Agent, KillSwitch
from tenants.selectors.kill import killed_for, read_switches, thrown_switches
from tenants.services.agents import change_agent
from tenants.services.kill import drill, resume, throw
from tenants.services.people import change_roles, suspend_member
from tests.people import Company, make_agent, make_company
from tests.tenants.ledger import events, summaries

pytestmark = pytest.mark.django_db


@pytest.fixture
def acme() -> Iterator[Company]:
    company = make_company()
    with bind_tenant(company.id):
        yield company


@pytest.fixture
def payer(acme: Company) -> Agent:
    return make_agent(acme)[0]


def thrown(acme: Company, scope: str = "tenant", ref: str = "", **fields: Any) -> KillSwitch:
    said: dict[str, Any] = {"actor": acme.olivia, "reason": "It pays the wrong people"} | fields
    with transaction.atomic():
        return throw(scope=scope, ref=ref, **said)


def killed(agent: Agent, *act: str) -> bool:
    with transaction.atomic():
        return killed_for(agent.pk, *act) is not None


def test_a_tenants_switch_stops_everything(acme: Company, payer: Agent) -> None:
    assert not killed(payer, "payments.transfer")
    switch = thrown(acme)
    assert killed(payer)
    assert killed(payer, "payments.transfer", "acme-bank", "/dg_a/")
    assert (switch.what, switch.name, switch.agent) == ("everything in this account", "", None)


def test_an_agents_switch_stops_this_agent(acme: Company, payer: Agent) -> None:
    other, _ = make_agent(acme, "mailer")
    thrown(acme, "agent", payer.public_id)
    with transaction.atomic():
        said = killed_for(payer.pk)
        assert killed_for(other.pk) is None
    assert said is not None
    assert said.startswith("The kill switch for the agent payer was thrown on ")


@pytest.mark.parametrize(
    ("scope", "ref", "act", "is_killed"),
    [
        ("integration", "acme-bank", ("payments.transfer", "acme-bank"), True),
        ("integration", "acme-bank", ("payments.transfer", "other-bank"), False),
        ("integration", "acme-bank", ("payments.transfer",), False),
        ("category", "payments.transfer", ("payments.transfer",), True),
        ("category", "payments.transfer", ("payments.transfers",), False),
        ("category", "payments.*", ("payments.transfer",), True),
        ("category", "payments.*", ("payments.refunds.large",), True),
        ("category", "payments.*", ("paymentsx",), False),
        ("category", "payments.*", ("payments",), False),
        ("delegation", f"dg_{'a' * 26}", ("x", "", f"/dg_{'b' * 26}/dg_{'a' * 26}/"), True),
        ("delegation", f"dg_{'a' * 26}", ("x", "", f"/dg_{'a' * 26}/dg_{'b' * 26}/"), True),
        ("delegation", f"dg_{'a' * 26}", ("x", "", f"/dg_{'b' * 26}/"), False),
        ("delegation", f"dg_{'a' * 26}", ("x",), False),
    ],
)
def test_what_a_scope_covers(
    acme: Company, payer: Agent, scope: str, ref: str, act: tuple[str, ...], is_killed: bool
) -> None:
    thrown(acme, scope, ref)
    assert killed(payer, *act) is is_killed


def test_another_tenants_switch_stops_nothing_here() -> None:
    acme, globex = make_company(), make_company("globex")
    payer, other = make_agent(acme)[0], make_agent(globex)[0]
    with bind_tenant(globex.id):
        thrown(globex)
        assert killed(other)
    with bind_tenant(acme.id):
        assert not killed(payer)


def test_owners_and_compliance_throw_and_an_agents_owner_stops_it(acme: Company) -> None:
    agent, _ = make_agent(acme)
    change_agent(actor=acme.olivia, agent=agent, owner=acme.alice)
    for member in (acme.alice, acme.bob, acme.audrey):
        for scope, ref in (("tenant", ""), ("category", "payments.*"), ("integration", "bank")):
            with pytest.raises(Forbidden, match="Only an owner or compliance"):
                thrown(acme, scope, ref, actor=member)
    with pytest.raises(Forbidden, match="Only an owner or compliance"):
        thrown(acme, "agent", agent.public_id, actor=acme.bob)
    thrown(acme, "agent", agent.public_id, actor=acme.alice)
    thrown(acme, actor=acme.carl)


@pytest.mark.parametrize(
    ("scope", "ref", "pointer"),
    [
        ("everybody", "", "/scope"),
        ("agent", "", "/ref"),
        ("agent", "ag_00000000000000000000000000", "/ref"),
        ("category", "Payments!", "/ref"),
        ("category", "", "/ref"),
        ("integration", " ", "/ref"),
        ("integration", "x" * 101, "/ref"),
        ("delegation", "dg_1", "/ref"),
    ],
)
def test_what_does_not_exist_cannot_be_stopped(
    acme: Company, scope: str, ref: str, pointer: str
) -> None:
    with pytest.raises(Invalid) as refused:
        thrown(acme, scope, ref)
    assert [error.pointer for error in refused.value.errors] == [pointer]


def test_a_reason_is_needed(acme: Company) -> None:
    with pytest.raises(Invalid):
        thrown(acme, reason=" ")
    with pytest.raises(Invalid):
        thrown(acme, pending="perhaps")


def test_the_same_is_thrown_once(acme: Company) -> None:
    thrown(acme, "category", "payments.*")
    with pytest.raises(Conflict, match="thrown already"):
        thrown(acme, "category", "payments.*", actor=acme.carl)
    thrown(acme, "category", "payments.transfer")


def test_a_second_person_resumes(acme: Company, payer: Agent) -> None:
    switch = thrown(acme)
    with pytest.raises(Forbidden, match=r"^You threw it, so somebody else resumes it: Carl\.$"):
        resume(actor=acme.olivia, switch=switch, reason="All is well")
    for member in (acme.alice, acme.audrey):
        with pytest.raises(Forbidden, match="Only an owner or compliance"):
            resume(actor=member, switch=switch, reason="All is well")
    with pytest.raises(Invalid):
        resume(actor=acme.carl, switch=switch, reason="")
    done = resume(actor=acme.carl, switch=switch, reason="It was a test account")
    assert (done.resumed_by, done.is_thrown) == (acme.carl, False)
    assert not killed(payer)
    with pytest.raises(Conflict, match="is not thrown"):
        resume(actor=acme.carl, switch=switch, reason="Again")
    thrown(acme)  # and it can be thrown again
    assert killed(payer)


def test_who_is_alone_is_told_that_it_takes_two(acme: Company) -> None:
    switch = thrown(acme)
    change_roles(actor=acme.olivia, member=acme.carl, roles=["approver"])
    with pytest.raises(Conflict, match="nobody else here could resume it") as refused:
        resume(actor=acme.olivia, switch=switch, reason="All is well")
    assert refused.value.code == "nobody_else"


def test_whoever_was_suspended_resumes_nothing(acme: Company) -> None:
    switch = thrown(acme)
    suspend_member(actor=acme.olivia, member=acme.carl, reason="left")
    acme.carl.refresh_from_db()
    with pytest.raises(Forbidden):
        resume(actor=acme.carl, switch=switch, reason="All is well")


def test_the_database_holds_the_second_person(acme: Company) -> None:
    switch = thrown(acme)
    with transaction.atomic(), pytest.raises(IntegrityError, match="second_person"):
        KillSwitch.objects.filter(pk=switch.pk).update(
            resumed_by=acme.olivia, resumed_at=switch.thrown_at
        )


def test_a_drill_stops_nothing(acme: Company, payer: Agent) -> None:
    with transaction.atomic():
        made = drill(actor=acme.carl, scope="tenant", reason="Every quarter")
    assert (made.is_drill, made.ended_at, made.is_thrown) == (True, made.thrown_at, False)
    assert not killed(payer)
    with transaction.atomic():
        assert list(thrown_switches()) == []
        assert read_switches() == ()
    with pytest.raises(Conflict, match="is not thrown"):
        resume(actor=acme.olivia, switch=made, reason="?")
    with transaction.atomic():
        (told,) = events("kill_switch.drilled")
    assert told["data"]["stopped"] == {"agents": 1, "grants": 0, "pending": 0}
    assert "Nothing was stopped." in told["summary"]


def test_the_record_says_it_in_words(acme: Company, payer: Agent) -> None:
    switch = thrown(acme, "agent", payer.public_id)
    resume(actor=acme.carl, switch=switch, reason="The list of payees was corrected")
    with transaction.atomic():
        first, second = summaries("kill_switch.thrown", "kill_switch.resumed")
    assert first == (
        "Olivia threw the kill switch for the agent payer: It pays the wrong people."
        " 0 waiting requests are held, 0 permissions not used yet are dead, 1 agent is stopped."
    )
    assert second.startswith("Carl resumed the agent payer, which Olivia had stopped on ")
    assert second.endswith(": The list of payees was corrected.")
