"""Which kill switches are thrown, and what they stop."""

import json
from typing import Any, Final
from uuid import UUID

from django.db import connection
from django.db.models import Exists, JSONField, OuterRef, QuerySet
from django.db.models.expressions import Func

from govapp.common.errors import NotFound
from govapp.common.ids import InvalidId, parse_public_id
from govapp.common.tenancy import require_tenant_id
from tenants.enums import MemberStatus, Role
from tenants.killing import Act, Thrown, read_thrown, stopping
from tenants.models import KillSwitch, Membership

# One column of the situation of a submission (`approvals/selectors/situation.py`): the switches of
# `t`, behind the lock that whoever throws one waits for.
KILL_SQL: Final = "govapp_thrown(t.id)"
_ANY_THROWN: Final = "any_thrown"
SHOWN: Final = 100


class ThrownSwitches(Func):
    """The switches of the row's tenant, as `govapp_thrown` says.

    Whoever asks holds them as they are until the transaction ends: `throw` waits for it.
    """

    function = "govapp_thrown"
    output_field = JSONField()


def read_switches() -> tuple[Thrown, ...]:
    """Return the switches of the bound tenant, thrown or lately resumed. One statement.

    They stay as they are until this transaction ends.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT govapp_thrown(%s)::text", [require_tenant_id()])
        return read_thrown(json.loads(cursor.fetchone()[0]))


def killed_for(
    agent_id: UUID, category_key: str = "", integration: str = "", delegation_path: str = ""
) -> str | None:
    """Return in a sentence why a kill switch stops this act now, or None. One statement.

    No switch is thrown between this and the end of the transaction.
    """
    act = Act(agent_id, category_key, integration, delegation_path)
    found = stopping(read_switches(), act)
    return found.sentence if found else None


def thrown_switches() -> QuerySet[KillSwitch]:
    """Return what is thrown now, the oldest first, with the people."""
    return _with_people().filter(resumed_at=None, is_drill=False).order_by("thrown_at", "id")


def find_thrown(switch: KillSwitch) -> KillSwitch | None:
    """Return the switch that stops the same already, if one does."""
    return thrown_switches().filter(scope=switch.scope, ref=switch.ref).first()


def former_switches() -> QuerySet[KillSwitch]:
    """Return what was resumed or drilled, the newest first."""
    over = _with_people().exclude(resumed_at=None, is_drill=False)
    return over.order_by("-thrown_at", "-id")[:SHOWN]


def get_switch(public_id: str) -> KillSwitch:
    """Return the switch with this public id; raise `NotFound`."""
    try:
        ident = parse_public_id("ks", public_id)
    except InvalidId as error:
        raise NotFound(str(error)) from None
    found = _with_people().filter(pk=ident).first()
    if found is None:
        raise NotFound("There is no such kill switch here.")
    return found


def note_thrown(members: "QuerySet[Membership]") -> "QuerySet[Membership]":
    """Add whether anything is thrown in the tenant: saves every page a statement."""
    thrown = KillSwitch.objects.filter(
        tenant_id=OuterRef("tenant_id"), resumed_at=None, is_drill=False
    )
    return members.annotate(**{_ANY_THROWN: Exists(thrown)})


def thrown_for_page(member: Membership) -> list[KillSwitch]:
    """Return what is thrown now. No statement when `note_thrown` found that nothing is."""
    noted: Any = vars(member).get(_ANY_THROWN)
    return [] if noted is False else list(thrown_switches())


def _with_people() -> QuerySet[KillSwitch]:
    return KillSwitch.objects.select_related("thrown_by__user", "resumed_by__user", "agent")


def possible_resumers(switch: KillSwitch) -> list[Membership]:
    """Return who could resume it: owners and compliance, but not who threw it. One statement."""
    officers = Membership.objects.select_related("user").filter(
        roles__overlap=[Role.OWNER.value, Role.COMPLIANCE.value],
        status=MemberStatus.ACTIVE,
        user__is_active=True,
    )
    return list(officers.exclude(pk=switch.thrown_by_id).order_by("user__name", "id"))
