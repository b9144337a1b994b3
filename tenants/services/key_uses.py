"""What is kept of a key's use: when, from which network and for what, and that it was refused."""

from datetime import timedelta
from typing import Final

from django.db.models import Q

from govapp.common import clock
from govapp.common.api.ratelimit import may_note
from govapp.common.tenancy import tenant_transaction
from tenants.audit_events import keys as events
from tenants.models import Credential, KeyRefusal
from tenants.networks import coarse
from tenants.principals import AgentPrincipal
from tenants.refusals import KeyRefusedError

_NOTED_EVERY: Final = timedelta(minutes=1)


def note_key_use(principal: AgentPrincipal, *, address: str, scope: str) -> None:
    """Keep when the key was used, from which network and for which scope, once a minute.

    In a transaction of its own: what became of the request does not matter.
    """
    with tenant_transaction(principal.tenant_id):
        now = clock.Now()
        Credential.objects.filter(pk=principal.credential_id).filter(
            Q(last_used_at=None) | Q(last_used_at__lt=now - _NOTED_EVERY)
        ).update(last_used_at=now, last_used_from=coarse(address), last_used_scope=scope)


def note_refusal(refusal: KeyRefusedError, *, address: str) -> None:
    """Count a refusal of a key, and record it unless the same was recorded within a minute.

    In a transaction of its own, since the refused request undoes its own. Beyond some a second,
    refusals are not even counted: whoever has a key can neither flood the record nor the database.
    """
    holder = refusal.holder
    if not may_note("refusal", str(holder.credential_id)):
        return
    with tenant_transaction(holder.tenant_id):
        _count(refusal, coarse(address))


def _count(refusal: KeyRefusedError, network: str) -> None:
    now = clock.now()
    key = Credential.objects.select_related("agent").get(pk=refusal.holder.credential_id)
    row, _ = KeyRefusal.objects.select_for_update().get_or_create(
        credential=key,
        code=refusal.code,
        scope=refusal.scope,
        defaults={"first_at": now, "last_at": now},
    )
    row.times += 1
    row.last_at, row.last_from = now, network
    if row.recorded_at is None or now - row.recorded_at >= _NOTED_EVERY:
        events.key_refused(
            credential=key,
            code=row.code,
            scope=row.scope,
            words=refusal.detail,
            network=network,
            unrecorded=row.unrecorded,
        )
        row.recorded_at, row.unrecorded = now, 0
    else:
        row.unrecorded += 1
    row.save(update_fields=["times", "unrecorded", "last_at", "recorded_at", "last_from"])
