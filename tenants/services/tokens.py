"""Members' keys for the API: issuing, revoking, and knowing a member by one."""

from datetime import timedelta
from typing import Final

from django.db import transaction

from govapp.common import clock
from govapp.common.errors import Conflict, Forbidden
from tenants import rules
from tenants.audit_events import tokens as events
from tenants.doors import member_token_by_prefix
from tenants.keys import USER_MARK, make_key
from tenants.models import Membership, MemberToken
from tenants.principals import MemberPrincipal
from tenants.services.bearer import find_key, note_use
from tenants.services.checks import clean_text, fault

MOST_LIVE_TOKENS: Final = 10
SHORTEST: Final = timedelta(hours=1)
LONGEST: Final = timedelta(days=90)


@transaction.atomic
def issue_token(*, actor: Membership, label: str, lifetime: timedelta) -> tuple[MemberToken, str]:
    """Give the actor a token, and return it with its text, which is shown once and not stored.

    Raises `Invalid` for the label or a lifetime outside of 1 hour to 90 days, `Conflict` when
    the actor has ten live tokens already, `Forbidden` to who is not active.
    """
    rules.require(actor.is_active, "Only active members have tokens.")
    label = clean_text(label, field="label", at_most=100)
    if not SHORTEST <= lifetime <= LONGEST:
        raise fault("lifetime", "A token lives for at least an hour and at most 90 days.")
    Membership.objects.select_for_update().get(pk=actor.pk)  # tokens are counted under this lock
    now = clock.now()
    if actor.tokens.filter(revoked_at=None, expires_at__gt=now).count() >= MOST_LIVE_TOKENS:
        raise Conflict("You have ten live tokens already: revoke one first.", code="too_many_keys")
    key = make_key(USER_MARK)
    token = MemberToken.objects.create(
        member=actor,
        label=label,
        prefix=key.prefix,
        secret_hash=key.hash,
        created_at=now,
        expires_at=now + lifetime,
    )
    events.token_issued(actor=actor, token=token)
    return token, key.text


@transaction.atomic
def revoke_token(*, actor: Membership, token: MemberToken) -> MemberToken:
    """Refuse the token from the next request on: its member, or an owner of the account.

    Raises `Forbidden`, `Conflict` when it is revoked already.
    """
    if token.member_id != actor.pk and not rules.may_manage_people(actor):
        raise Forbidden("Only its member and owners can revoke a token.")
    token = (
        MemberToken.objects.select_for_update(of=("self",))
        .select_related("member__user")
        .get(pk=token.pk)
    )
    if token.revoked_at is not None:
        raise Conflict("This token is revoked already.", code="revoked")
    token.revoked_at = clock.now()
    token.save(update_fields=["revoked_at"])
    events.token_revoked(actor=actor, token=token)
    return token


def authenticate_token(text: str) -> MemberPrincipal | None:
    """Return whose token this is, or None when it is malformed, unknown, revoked, expired, or its
    member may not act now. Raises `Forbidden` when its tenant is suspended. Opens a transaction
    of its own, at most once a minute and token, to note the use; no tenant may be bound.
    """
    row = find_key(text, mark=USER_MARK, door=member_token_by_prefix)
    if row is None:
        return None
    principal = MemberPrincipal(
        tenant_id=row["tenant_id"], member_id=row["member_id"], token_id=row["token_id"]
    )
    if row["use_is_unnoted"]:
        note_use(MemberToken.objects, tenant_id=principal.tenant_id, ident=principal.token_id)
    return principal
