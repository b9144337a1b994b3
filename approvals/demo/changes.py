"""How the demo tenant's rules came about: a version replaced, one in shadow, a draft begun.

Told as the history goes on, so that versions decide real requests and shadow has something to say.
"""

from __future__ import annotations

from datetime import datetime, time
from typing import TYPE_CHECKING, Final

from approvals.demo.company import POLICY
from approvals.enums import PolicyStatus
from approvals.models import PolicyVersion
from approvals.services.drafts import create_draft, submit_for_review
from approvals.services.policies import publish_policy, start_shadow
from approvals.services.simulation_runs import run_simulation
from approvals.services.simulations import start_simulation
from govapp.common.tenancy import tenant_transaction
from tenants.services.tenants import update_settings

if TYPE_CHECKING:
    from approvals.demo.history import Player

_FIRST_PAYMENTS: Final = """\
  - id: first-payments
    when:
      category: payments.transfer
      conditions: {field: history.first_for_target, op: eq, value: true}
    then: require_approval
    flow: finance-and-risk
    note: A new account is called back before the first payment.

"""
_LATE_DEPLOYS: Final = """\
  - id: late-deploys
    when:
      category: infra.deploy
      environment: production
      conditions: {field: time.business_hours, op: eq, value: false}
    then: require_approval
    flow: two-people
    obligations: {delay: 30m, step_up: true}
    note: Whoever is on call has half an hour to object.

"""


def plan_changes(player: Player, start: datetime) -> None:
    """Put the changes of the rules into the history that begins at `start`."""
    span = player.real_now - start
    player.later(start + span * 0.40, lambda: _replace_the_first(player))
    player.later(start + span * 0.62, lambda: _put_into_shadow(player))
    player.later(start + span * 0.93, lambda: _begin_a_draft(player))


def first_policy() -> str:
    """Return the rules as they were at first: nobody had thought of gambling."""
    return _changed(POLICY.read_text(), "[crypto, gambling]", "[crypto]")


def second_policy() -> str:
    """Return the rules that are live at the end."""
    return POLICY.read_text()


def stricter_policy() -> str:
    """Return the rules in review: less runs alone, a first payment never does."""
    text = _changed(second_policy(), "value: 1000}", "value: 500}")
    return _changed(text, "  # Customers' mail:", f"{_FIRST_PAYMENTS}  # Customers' mail:")


def draft_policy() -> str:
    """Return the rules that somebody is still writing."""
    return _changed(
        second_policy(), "  - id: database-changes", f"{_LATE_DEPLOYS}  - id: database-changes"
    )


def _changed(text: str, old: str, new: str) -> str:
    if old not in text:
        raise ValueError(f"The demonstration's policy no longer says {old!r}.")
    return text.replace(old, new)


def _replace_the_first(player: Player) -> None:
    company = player.company
    carl, petra = company.members["carl"], company.members["petra"]
    with tenant_transaction(company.tenant.pk):
        update_settings(
            actor=company.members["olivia"],
            tenant=company.tenant,
            business_days=[0, 1, 2, 3, 4],
            business_from=time(8),
            business_to=time(18),
            holiday_country="CH",
        )
        draft = create_draft(actor=carl, source=second_policy(), title="No gambling either")
        version = submit_for_review(
            actor=carl,
            draft_id=draft.pk,
            revision=draft.revision,
            remark="Gambling is refused like crypto, as the payment standard says since spring.",
        )
        publish_policy(
            actor=petra,
            version=version,
            attestation="I have read the change and it is what the standard says.",
        )


def _put_into_shadow(player: Player) -> None:
    company, petra = player.company, player.company.members["petra"]
    source = stricter_policy()
    with tenant_transaction(company.tenant.pk):
        draft = create_draft(actor=petra, source=source, title="Stricter payments")
        version = submit_for_review(
            actor=petra,
            draft_id=draft.pk,
            revision=draft.revision,
            remark="Payments run alone up to 500; a first payment never does.",
        )
        replay = start_simulation(actor=petra, source=source, period="30d", version=version)
        start_shadow(actor=petra, version=version)
    run_simulation(tenant_id=company.tenant.pk, simulation_id=replay.pk)


def _begin_a_draft(player: Player) -> None:
    company = player.company
    with tenant_transaction(company.tenant.pk):
        live = PolicyVersion.objects.get(status=PolicyStatus.LIVE)
        create_draft(
            actor=company.members["carl"],
            source=draft_policy(),
            title="Releases outside of office hours",
            based_on=live,
        )
