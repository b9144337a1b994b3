"""Secrets, sealed under the tenant's own key: put, replaced with an overlap, revoked, opened.

Whoever may is asked by the callers (`integration_secrets`, `approvals.services.redemption`); an
event goes with each change and each opening. No secret is in any of them, nor in an error: a
fingerprint of four hexadecimal digits tells two of them apart.
"""

import hashlib
import hmac
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from django.db import transaction
from django.views.decorators.debug import sensitive_variables

from govapp.common import clock
from govapp.common.errors import Conflict, Forbidden
from tenants.audit_events import integrations as events
from tenants.enums import IntegrationKind
from tenants.models import Agent, Integration, VaultSecret
from tenants.reach import out_of_reach
from tenants.selectors.reach import read_reach
from tenants.services.checks import fault
from tenants.services.integration_use import note_call
from tenants.services.vault_keys import hold_sealing_key, seal_row, unseal_row, with_keys

MOST_CHARACTERS: Final = 4_000
LONGEST_OVERLAP: Final = timedelta(days=7)
ACCESS: Final = "access"  # the name of an integration's only secret


@dataclass(frozen=True, repr=False)
class ModelAccess:
    """Where the tenant's model provider is, and the tenant's key for it.

    `previous_key` is there while a rotation overlaps. Never printed: `repr` shows neither.
    """

    base_url: str
    key: str
    previous_key: str | None
    integration_id: UUID


@transaction.atomic
@sensitive_variables("secret")
def put(*, holder: str, name: str, secret: str) -> VaultSecret:
    """Seal the first secret of this name, or one after the former was revoked.

    Raises `Invalid` for what is no secret, and `Conflict` when there is one: rotate it.
    """
    _check(secret)
    found = _locked(holder, name)
    if found is not None and found.sealed is not None:
        raise Conflict("There is a secret already: rotate it.", code="secret_there")
    row = found or VaultSecret(holder=holder, name=name, version=0)
    _seal_into(row, secret, former=None)
    row.previous_sealed, row.previous_until, row.previous_fingerprint = None, None, ""
    row.revoked_at = None
    row.save(force_insert=found is None)
    return row


@transaction.atomic
@sensitive_variables("secret")
def rotate(*, holder: str, name: str, secret: str, overlap: timedelta) -> VaultSecret:
    """Replace a secret; the former one is kept for `overlap` (0 to 7 days), while both work.

    Raises `Invalid`, and `Conflict` when there is none.
    """
    _check(secret)
    if not timedelta(0) <= overlap <= LONGEST_OVERLAP:
        raise fault("overlap", "The old secret may work for at most 7 days more.")
    row = _locked(holder, name)
    if row is None or row.sealed is None:
        raise Conflict("There is no secret to replace: set one.", code="secret_missing")
    former, mark = _opened(row), row.fingerprint
    if hmac.compare_digest(former.encode(), secret.encode()):
        raise fault("secret", "This is the secret that there is.")
    _seal_into(row, secret, former=former if overlap else None)
    if overlap:
        row.previous_until, row.previous_fingerprint = row.set_at + overlap, mark
    else:
        row.previous_sealed, row.previous_until, row.previous_fingerprint = None, None, ""
    row.save()
    return row


@transaction.atomic
def revoke(*, holder: str, name: str) -> VaultSecret:
    """Empty a secret, and the one before it. Raises `Conflict` when there is none."""
    row = _locked(holder, name)
    if row is None or row.sealed is None:
        raise Conflict("There is no secret to revoke.", code="secret_missing")
    row.sealed = row.previous_sealed = row.previous_until = None
    row.previous_fingerprint = ""
    row.revoked_at = clock.now()
    row.save()
    return row


def drop_ended(now: datetime) -> int:
    """Empty the previous secrets of the bound tenant whose overlap has ended; return how many."""
    ended = VaultSecret.objects.filter(previous_until__lte=now)
    return ended.update(previous_sealed=None, previous_until=None, previous_fingerprint="")


def find_secret(holder: str, name: str = ACCESS) -> VaultSecret | None:
    """Return a secret that works, sealed as it is."""
    rows = with_keys(VaultSecret.objects.filter(holder=holder, name=name))
    return rows.filter(sealed__isnull=False).first()


def open_for(*, secret: VaultSecret, purpose: str) -> str:
    """Return a secret in the clear; the caller records for what (`purpose`: one of `PURPOSES`).

    Raises `Unavailable` when it cannot be opened: the key is another one, or the row was changed.
    """
    if purpose not in PURPOSES:
        raise ValueError("A secret is opened for a purpose that is known.")
    return _opened(secret)


PURPOSES: Final = ("redemption", "model", "check")


def previous_of(secret: VaultSecret, now: datetime) -> str | None:
    """Return the secret before this one, while its overlap lasts."""
    if secret.previous_sealed is None or secret.previous_until is None:
        return None
    if secret.previous_until <= now:
        return None
    return unseal_row(secret, "previous_sealed").decode()


@transaction.atomic
def model_key_for(*, agent_id: UUID, integration_slug: str, category: str) -> ModelAccess:
    """Return where the tenant's model is and the key for it, for a call by this agent now.

    Raises `Forbidden` with the code and sentence that a submission would be refused with: not
    registered, not granted for this category (`model.chat` …), suspended …. Raises `Conflict` when
    it holds no key. The use is counted, and in the record once an hour. Call it in a transaction
    of its own, before the call goes out.
    """
    known = read_reach(agent_id, integration_slug)
    why = out_of_reach(known, integration=integration_slug, category=category)
    if why is not None:
        raise Forbidden(why.sentence, code=why.code)
    integration = Integration.objects.get(slug=integration_slug)
    secret = find_secret(integration.public_id)
    if integration.kind != IntegrationKind.MODEL or secret is None:
        said = f"The integration {integration_slug} holds no key of a model provider: set one."
        raise Conflict(said, code="secret_missing")
    now = clock.now()
    key = open_for(secret=secret, purpose="model")
    if note_call(agent_id=agent_id, integration=integration, now=now):
        agent = Agent.objects.get(pk=agent_id)
        events.key_opened(agent=agent, integration=integration, secret=secret, now=now)
    return ModelAccess(
        base_url=integration.address.rstrip("/"),
        key=key,
        previous_key=previous_of(secret, now),
        integration_id=integration.pk,
    )


@sensitive_variables("secret")
def _check(secret: str) -> None:
    # Line breaks may stand inside: a private key in PEM has them.
    is_text = all(character.isprintable() or character in "\n\r\t" for character in secret)
    if not 1 <= len(secret.strip()) <= len(secret) <= MOST_CHARACTERS or not is_text:
        raise fault("secret", f"Enter 1 to {MOST_CHARACTERS} visible characters.")


@sensitive_variables("secret", "former")
def _seal_into(row: VaultSecret, secret: str, *, former: str | None) -> None:
    """Seal a secret into its row, and with it the former one while an overlap lasts."""
    key = hold_sealing_key()
    row.version += 1
    given = {"sealed": secret.encode()}
    if former is not None:
        given["previous_sealed"] = former.encode()
    seal_row(row, key, given)
    row.fingerprint = hmac.new(key.plain, secret.encode(), hashlib.sha256).hexdigest()[:4]
    row.set_at = clock.now()


def _opened(row: VaultSecret) -> str:
    if row.sealed is None:
        raise Conflict("This secret was revoked.", code="secret_missing")
    return unseal_row(row, "sealed").decode()


def _locked(holder: str, name: str) -> VaultSecret | None:
    rows = VaultSecret.objects.filter(holder=holder, name=name)
    found = rows.select_for_update().values_list("pk", flat=True).first()
    # Read once it is locked: whoever was waited for may have sealed it anew.
    return with_keys(VaultSecret.objects.filter(pk=found)).first() if found else None
