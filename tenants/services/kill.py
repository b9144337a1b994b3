"""Kill switches: one person stops, another lets go on, and a drill stops nothing.

Whoever is let in (a submission, a permission, a vote) first takes a lock of the tenant that all of
them share, and reads the switches behind it (`govapp_thrown`). Whoever throws one takes that lock
alone: nothing is on its way any more when `throw` returns, and whoever comes later reads it.
"""

import re
import time
from typing import Any, Final

from django.db import IntegrityError, OperationalError, connection, transaction

from govapp.common.errors import Conflict, Forbidden, NotFound
from govapp.common.tenancy import require_tenant_id
from tenants import rules
from tenants.audit_events import kill as events
from tenants.enums import KillPending, KillScope
from tenants.kill_effects import Stopped, count_stopped, follow_throw
from tenants.models import Agent, KillSwitch, Membership
from tenants.offers import name_of
from tenants.scopes import is_pattern
from tenants.selectors import get_agent
from tenants.selectors.kill import get_switch, possible_resumers
from tenants.services.checks import clean_text, fault

LONGEST_REASON: Final = 500
LONGEST_NAME: Final = 100
# Longer than anything that is let in takes. A switch is thrown also when this was not enough.
LONGEST_WAIT: Final = "5s"
_DELEGATION: Final = re.compile(r"dg_[0-9a-z]{26}")
_LOCK: Final = "pg_advisory_xact_lock(hashtextextended('kill:' || %s::text, 0))"


def plan_switch(*, actor: Membership, scope: str, ref: str = "") -> KillSwitch:
    """Return what would be thrown, not stored: what a page shows before it is done.

    Raises `Forbidden` unless the actor may throw it, `Invalid` for a scope or ref that is none.
    """
    if scope not in KillScope.values:
        raise fault("scope", "Choose what to stop.")
    agent, ref, name = _target(KillScope(scope), ref.strip())
    rules.require(
        rules.may_throw_kill_switch(actor, agent),
        "Only an owner or compliance, and for an agent its owner, can throw a kill switch.",
    )
    return KillSwitch(scope=scope, ref=ref, name=name, agent=agent, thrown_by=actor)


@transaction.atomic
def throw(
    *,
    actor: Membership,
    scope: str,
    ref: str = "",
    reason: str,
    pending: str = KillPending.HOLD,
) -> KillSwitch:
    """Stop everything within a scope, and return the switch.

    When it returns, nothing of it is accepted any more, and nothing that had begun is on its way,
    unless something hung (`is_complete` is False). `pending` says what becomes of the requests that
    wait for people. Raises `Forbidden`, `Invalid`, and `Conflict` when it is stopped already.
    """
    began = time.monotonic()
    switch = _begin(actor, scope, ref, reason, pending)
    stopped = count_stopped(switch)  # before the lock: nobody waits while we count
    switch.is_complete = _await_those_on_the_way()
    if KillSwitch.objects.filter(
        scope=switch.scope, ref=switch.ref, resumed_at=None, is_drill=False
    ).exists():
        raise _thrown_already(switch)
    _store(switch, stopped, began)
    events.kill_switch_thrown(actor=actor, switch=switch)
    follow_throw(switch)
    return switch


@transaction.atomic
def drill(
    *,
    actor: Membership,
    scope: str,
    ref: str = "",
    reason: str,
    pending: str = KillPending.HOLD,
) -> KillSwitch:
    """Do what `throw` does up to the switch itself, and keep what it would have stopped, how fast.

    Raises what `throw` does.
    """
    began = time.monotonic()
    switch = _begin(actor, scope, ref, reason, pending)
    stopped = count_stopped(switch)
    switch.is_complete = _await_those_on_the_way()
    switch.is_drill = True
    _store(switch, stopped, began)
    events.kill_switch_drilled(actor=actor, switch=switch)
    return switch


@transaction.atomic
def resume(*, actor: Membership, switch: KillSwitch, reason: str) -> KillSwitch:
    """Let go on what a switch stopped; permissions that died with it stay dead.

    By an owner or compliance who did not throw it. Raises `Forbidden`, `Invalid`, and `Conflict`
    when it is not thrown, when it has not cancelled everything yet, and when nobody else could.
    """
    reason = clean_text(reason, field="reason", at_most=LONGEST_REASON)
    KillSwitch.objects.select_for_update().get(pk=switch.pk)
    switch = get_switch(switch.public_id)
    if not switch.is_thrown:
        raise Conflict(f"The kill switch for {switch.what} is not thrown.", code="not_thrown")
    _require_second_person(actor, switch)
    if switch.pending == KillPending.CANCEL and switch.settled_at is None:
        raise Conflict(
            "It has not cancelled everything that waited yet: try again in a moment.",
            code="not_settled",
        )
    switch.resumed_by, switch.resumed_at = actor, _database_time()
    switch.resume_reason = reason
    switch.save(update_fields=["resumed_by", "resumed_at", "resume_reason"])
    events.kill_switch_resumed(actor=actor, switch=switch)
    return switch


@transaction.atomic
def note_cancelled(*, switch: KillSwitch, number: int, is_all: bool) -> None:
    """Keep how much a switch has cancelled, and when that was all. The caller holds its row."""
    switch.cancelled += number
    fields = ["cancelled"]
    if is_all:
        switch.settled_at = _database_time()
        fields.append("settled_at")
    switch.save(update_fields=fields)
    if is_all:
        events.kill_switch_settled(switch=switch)


def _begin(actor: Membership, scope: str, ref: str, reason: str, pending: str) -> KillSwitch:
    switch = plan_switch(actor=actor, scope=scope, ref=ref)
    switch.reason = clean_text(reason, field="reason", at_most=LONGEST_REASON)
    if pending not in KillPending.values:
        raise fault("pending", "Choose what becomes of the requests that wait.")
    switch.pending = pending
    return switch


def _store(switch: KillSwitch, stopped: Stopped, began: float) -> None:
    switch.thrown_at = _database_time()
    switch.ended_at = switch.thrown_at if switch.is_drill else None
    switch.stopped = stopped.to_dict()
    switch.took_ms = round((time.monotonic() - began) * 1000)
    try:
        with transaction.atomic():
            switch.save(force_insert=True)
    except IntegrityError as error:
        if "kill_switch_thrown_once" not in str(error):
            raise
        raise _thrown_already(switch) from None  # somebody was faster, and nobody could be awaited


def _thrown_already(switch: KillSwitch) -> Conflict:
    return Conflict(f"The kill switch for {switch.what} is thrown already.", code="thrown")


def _await_those_on_the_way() -> bool:
    """Wait until nobody is let in who has not seen the switches; let nobody in until we end.

    Return whether that was so within `LONGEST_WAIT`. Where it was not, what hangs must not keep a
    switch from being thrown.
    """
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SELECT current_setting('lock_timeout')")
            (former,) = cursor.fetchone()
            cursor.execute("SELECT set_config('lock_timeout', %s, true)", [LONGEST_WAIT])
            cursor.execute(f"SELECT {_LOCK}", [require_tenant_id()])
            cursor.execute("SELECT set_config('lock_timeout', %s, true)", [former])
    except OperationalError:
        return False
    return True


def _database_time() -> Any:
    """Return the time now, not as a transaction counts it: it is compared with others' times."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT govapp_now()")
        return cursor.fetchone()[0]


def _target(scope: KillScope, ref: str) -> tuple[Agent | None, str, str]:
    """Return the agent, the ref and the name of what is meant. Raises `Invalid`."""
    match scope:
        case KillScope.TENANT:
            return None, "", ""
        case KillScope.AGENT:
            try:
                agent = get_agent(ref)
            except NotFound:
                raise fault("ref", "Choose an agent.") from None
            return agent, agent.public_id, agent.name
        case KillScope.CATEGORY:
            if not is_pattern(ref):
                raise fault("ref", "Write a category like payments.transfer, or payments.*.")
        case KillScope.DELEGATION:
            if not _DELEGATION.fullmatch(ref):
                raise fault("ref", "Write the id of a delegation, dg_….")
            return None, ref, name_of(scope, ref)[:LONGEST_NAME]
        case KillScope.INTEGRATION:
            ref = clean_text(ref, field="ref", at_most=100)
    return None, ref, ref


def _require_second_person(actor: Membership, switch: KillSwitch) -> None:
    if actor.pk != switch.thrown_by_id:
        rules.require(
            rules.may_resume_kill_switch(actor),
            "Only an owner or compliance can resume what a kill switch stopped.",
        )
        return
    others = [each.user.name for each in possible_resumers(switch)]
    if not others:
        raise Conflict(
            "You threw it, and nobody else here could resume it: it takes a second person. Give"
            " somebody the role owner or compliance.",
            code="nobody_else",
        )
    raise Forbidden(f"You threw it, so somebody else resumes it: {' or '.join(others)}.")
