"""What takes something from agents holds at once; what gives more waits for a second person."""

from typing import Any

import pytest

from govapp.common.errors import Conflict, Forbidden, Invalid
from govapp.common.tenancy import bind_tenant
from tenants.models import Agent, Autonomy, EnvironmentRule, Loosening, Membership
from tenants.selectors.autonomy import (
    autonomy_lines,
    environment_lines,
    settled_loosenings,
    waiting_loosenings,
)
from tenants.services.autonomy import set_autonomy, set_environment
from tenants.services.loosenings import confirm_loosening, withdraw_loosening
from tenants.services.people import suspend_member
from tenants.services.tenants import update_settings
from tests.people import Company, make_agent, make_company
from tests.tenants.ledger import events, summaries

pytestmark = pytest.mark.django_db


@pytest.fixture
def acme(db: None) -> Any:
    company = make_company()
    with bind_tenant(company.id):
        yield company


@pytest.fixture
def agent(acme: Company) -> Agent:
    return make_agent(acme)[0]


def say(
    acme: Company, level: str | None, agent: Agent | None = None, **more: Any
) -> Loosening | None:
    fields: dict[str, Any] = {"pattern": "payments.*", "reason": "As agreed", **more}
    actor = fields.pop("actor", acme.olivia)
    return set_autonomy(actor=actor, agent=agent, level=level, **fields)


def rows() -> list[tuple[str, str, str]]:
    found = Autonomy.objects.select_related("agent").order_by("agent_id", "pattern")
    return [(row.agent.name if row.agent else "", row.pattern, row.level) for row in found]


@pytest.mark.parametrize("level", ["recommend", "ask", "policy"])
def test_what_takes_something_holds_at_once(acme: Company, agent: Agent, level: str) -> None:
    assert say(acme, level, agent) is None
    assert rows() == [("payer", "payments.*", level)]
    (event,) = events("agent.autonomy_set")
    assert event["subject"]["id"] == agent.public_id
    assert event["data"] == {
        "agent": agent.public_id,
        "agent_name": "payer",
        "pattern": "payments.*",
        "level": level,
        "former": None,
        "reason": "As agreed",
        "asked_by": acme.olivia.public_id,
    }
    assert events("loosening.asked") == []


def test_the_record_says_it_in_a_sentence(acme: Company, agent: Agent) -> None:
    say(acme, "ask", agent)
    say(acme, "recommend", pattern="*", actor=acme.carl)
    assert summaries("agent.autonomy_set") == [
        "Olivia set: payer always asks a person below payments.",
        "Carl set: Every agent only recommends everywhere: nothing of it is done.",
    ]


def test_to_let_an_agent_act_takes_a_second_person(acme: Company, agent: Agent) -> None:
    waits = say(acme, "act", agent)
    assert waits is not None
    assert (rows(), [each.pk for each in waiting_loosenings()]) == ([], [waits.pk])
    with pytest.raises(Forbidden, match="ask somebody else"):
        confirm_loosening(actor=acme.olivia, loosening_id=waits.pk)
    assert rows() == []
    confirm_loosening(actor=acme.carl, loosening_id=waits.pk)
    assert rows() == [("payer", "payments.*", "act")]
    assert (waiting_loosenings(), [each.status for each in settled_loosenings()]) == (
        [],
        ["confirmed"],
    )
    assert summaries("loosening.asked", "loosening.confirmed", "agent.autonomy_set") == [
        (
            "Olivia asks for a second person: payer acts on its own below payments, where no rule"
            " of the policy says anything."
        ),
        (
            "Carl confirms: payer acts on its own below payments, where no rule of the policy says"
            " anything."
        ),
        (
            "Carl set: payer acts on its own below payments, where no rule of the policy says"
            " anything."
        ),
    ]
    assert Autonomy.objects.get().set_by == acme.olivia


@pytest.mark.parametrize(
    ("first", "then"), [("ask", None), ("recommend", "ask"), ("ask", "policy"), ("policy", "act")]
)
def test_to_take_back_what_held_takes_a_second_person(
    acme: Company, agent: Agent, first: str, then: str | None
) -> None:
    say(acme, first, agent)
    waits = say(acme, then, agent)
    assert waits is not None
    assert rows() == [("payer", "payments.*", first)]
    confirm_loosening(actor=acme.carl, loosening_id=waits.pk)
    assert rows() == ([("payer", "payments.*", then)] if then else [])


def test_a_milder_rule_for_one_agent_under_a_stricter_one_for_all_gives_more(
    acme: Company, agent: Agent
) -> None:
    say(acme, "recommend", pattern="*")
    assert say(acme, "ask", agent) is not None
    assert rows() == [("", "*", "recommend")]


def test_to_let_it_act_no_more_takes_nobody(acme: Company, agent: Agent) -> None:
    waits = say(acme, "act", agent)
    assert waits is not None
    confirm_loosening(actor=acme.carl, loosening_id=waits.pk)
    assert say(acme, None, agent) is None
    assert rows() == []
    (event,) = events("agent.autonomy_removed")
    assert (event["data"]["former"], event["data"]["level"]) == ("act", None)


def test_the_same_again_is_nothing(acme: Company, agent: Agent) -> None:
    say(acme, "ask", agent)
    assert say(acme, "ask", agent, reason="Once more") is None
    assert len(events("agent.autonomy_set")) == 1


def test_where_one_person_decides_it_holds_and_the_record_says_so(
    acme: Company, agent: Agent
) -> None:
    update_settings(actor=acme.olivia, tenant=acme.tenant, single_person_publishing=True)
    made = say(acme, "act", agent)
    assert made is not None
    assert (made.status, rows()) == ("confirmed", [("payer", "payments.*", "act")])
    (event,) = events("loosening.confirmed")
    assert event["data"]["single_person"] is True
    assert event["summary"].startswith("Olivia confirms alone: payer acts on its own")


def test_what_waits_can_be_withdrawn(acme: Company, agent: Agent) -> None:
    waits = say(acme, "act", agent)
    assert waits is not None
    withdraw_loosening(actor=acme.olivia, loosening_id=waits.pk)
    with pytest.raises(Conflict, match="does not wait any more"):
        confirm_loosening(actor=acme.carl, loosening_id=waits.pk)
    assert (rows(), len(events("loosening.withdrawn"))) == ([], 1)


def test_one_change_of_the_same_waits_at_a_time(acme: Company, agent: Agent) -> None:
    say(acme, "act", agent)
    with pytest.raises(Conflict, match="waits for a second person already"):
        say(acme, "act", agent, actor=acme.carl)


def test_what_was_changed_meanwhile_is_not_confirmed(acme: Company, agent: Agent) -> None:
    waits = say(acme, "act", agent)
    assert waits is not None
    say(acme, "ask", agent)
    with pytest.raises(Conflict, match="changed in the meantime"):
        confirm_loosening(actor=acme.carl, loosening_id=waits.pk)
    assert rows() == [("payer", "payments.*", "ask")]


@pytest.mark.parametrize("who", ["alice", "audrey"])
def test_others_set_nothing_and_confirm_nothing(acme: Company, agent: Agent, who: str) -> None:
    other: Membership = getattr(acme, who)
    waits = say(acme, "act", agent)
    assert waits is not None
    for act in (
        lambda: say(acme, "ask", agent, actor=other),
        lambda: set_environment(actor=other, name="lab", is_read_only=True, reason="No"),
        lambda: confirm_loosening(actor=other, loosening_id=waits.pk),
        lambda: withdraw_loosening(actor=other, loosening_id=waits.pk),
    ):
        with pytest.raises(Forbidden):
            act()


def test_whoever_is_suspended_confirms_nothing(acme: Company, agent: Agent) -> None:
    waits = say(acme, "act", agent)
    assert waits is not None
    carl = suspend_member(actor=acme.olivia, member=acme.carl)
    with pytest.raises(Forbidden):
        confirm_loosening(actor=carl, loosening_id=waits.pk)


@pytest.mark.parametrize(
    ("fields", "pointer"),
    [
        ({"pattern": "pay*"}, "/pattern"),
        ({"pattern": ""}, "/pattern"),
        ({"level": "rule"}, "/level"),
        ({"reason": " "}, "/reason"),
    ],
)
def test_a_bad_field_is_refused(
    acme: Company, agent: Agent, fields: dict[str, str], pointer: str
) -> None:
    with pytest.raises(Invalid) as refusal:
        say(acme, fields.pop("level", "ask"), agent, **fields)
    assert [each.pointer for each in refusal.value.errors] == [pointer]


def test_what_holds_for_an_agent_is_listed_its_own_first(acme: Company, agent: Agent) -> None:
    other, _ = make_agent(acme, "buyer")
    say(acme, "ask", pattern="*")
    say(acme, "recommend", agent)
    say(acme, "recommend", other)
    assert [(line.sentence, line.is_own) for line in autonomy_lines(agent)] == [
        ("payer only recommends below payments: nothing of it is done.", True),
        ("Every agent always asks a person everywhere.", False),
    ]


def environment(acme: Company, name: str, *, closed: bool) -> Loosening | None:
    return set_environment(actor=acme.olivia, name=name, is_read_only=closed, reason="Freeze")


def test_an_environment_is_closed_at_once_and_opened_by_two(acme: Company) -> None:
    assert environment(acme, " Production", closed=True) is None
    assert [line.sentence for line in environment_lines()] == [
        "production is read-only: what is not reading is refused."
    ]
    waits = environment(acme, "production", closed=False)
    assert waits is not None
    assert EnvironmentRule.objects.get().is_read_only is True
    confirm_loosening(actor=acme.carl, loosening_id=waits.pk)
    assert EnvironmentRule.objects.get().is_read_only is False
    assert [
        (event["data"]["former"], event["data"]["is_read_only"])
        for event in events("environment.changed")
    ] == [(None, True), (True, False)]


def test_to_list_one_as_open_while_all_others_are_closed_takes_two(acme: Company) -> None:
    assert environment(acme, "lab", closed=False) is None  # it was open
    assert environment(acme, "*", closed=True) is None
    assert environment(acme, "lab", closed=False) is None  # and is so still
    assert environment(acme, "test", closed=False) is not None
    assert [(line.rule.name, line.rule.is_read_only) for line in environment_lines()] == [
        ("lab", False),
        ("*", True),
    ]


@pytest.mark.parametrize("name", ["", "prod uction", "-x", "ä", "a" * 51])
def test_a_bad_name_of_an_environment_is_refused(acme: Company, name: str) -> None:
    with pytest.raises(Invalid, match="a-z, 0-9"):
        environment(acme, name, closed=True)
