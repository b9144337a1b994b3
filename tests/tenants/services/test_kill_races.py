"""Throwing a kill switch waits for what is on its way, and for nothing that hangs."""

import pytest
from django.db import connection

from govapp.common.tenancy import bind_tenant, tenant_transaction
from tenants.models import Agent, KillSwitch
from tenants.selectors.kill import killed_for, read_switches
from tenants.services import kill
from tenants.services.kill import throw
from tests.people import Company, make_agent, make_company
from tests.support.committed import CommittedDatabase
from tests.tenants.ledger import events


def thrown(company: Company) -> KillSwitch:
    return throw(actor=company.olivia, scope="tenant", reason="It pays the wrong people")


def test_an_act_that_is_let_in_keeps_a_throw_waiting(committed_db: CommittedDatabase) -> None:
    company = make_company()
    payer, _ = make_agent(company)
    with tenant_transaction(company.id):
        assert read_switches() == ()  # let in, and not done yet

        def beside() -> KillSwitch:
            with bind_tenant(company.id):
                return thrown(company)

        future = committed_db.begin_beside(beside)
        assert not future.done()
        # Whoever is let in is not stopped in the middle.
        assert not is_killed(payer)
    made = future.result(60)
    assert (made.is_thrown, made.is_complete) == (True, True)
    with tenant_transaction(company.id):
        assert is_killed(payer)


def is_killed(agent: Agent) -> bool:
    return killed_for(agent.pk) is not None


def test_what_hangs_keeps_no_switch_from_being_thrown(
    committed_db: CommittedDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kill, "LONGEST_WAIT", "50ms")
    company = make_company()
    with tenant_transaction(company.id):
        read_switches()

        def beside() -> KillSwitch:
            with bind_tenant(company.id):
                return thrown(company)

        (made,) = committed_db.at_once([beside])
        assert isinstance(made, KillSwitch)
    with tenant_transaction(company.id):
        (told,) = events("kill_switch.thrown")
        assert told["data"]["is_complete"] is False
        assert KillSwitch.objects.get().is_complete is False
        assert told["summary"].endswith("What had begun before was not waited for.")
        with connection.cursor() as cursor:
            cursor.execute("SHOW lock_timeout")
            assert cursor.fetchone() == ("0",)
