"""The keys that a tenant's secrets are sealed under: in versions, of which the newest seals.

Whoever seals holds the newest until their transaction ends, and whoever replaces it waits for
them: so nothing is ever sealed under a key that was replaced. Whoever opens reads the secret and
its key in one statement (`with_keys`), and waits for nobody.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.fernet import InvalidToken
from django.db.models import OuterRef, QuerySet, Subquery

from govapp.common.errors import Unavailable
from govapp.common.sealing import new_data_key, seal, seal_under, unseal, unseal_under
from govapp.common.tenancy import require_tenant_id
from tenants.models import TenantKey, VaultSecret

_KEY: Final = "data_key_sealed"
_TRIES: Final = 5


@dataclass(frozen=True, repr=False)
class DataKey:
    """A version of the tenant's key, in the clear and as it is stored. `repr` shows neither."""

    version: int
    plain: bytes
    sealed: bytes


def hold_sealing_key() -> DataKey:
    """Return the key that seals, which stays that until this transaction ends.

    It is made when it is first needed. Raises `Unavailable` when it cannot be opened.
    """
    for _ in range(_TRIES):
        found = TenantKey.objects.select_for_update(no_key=True).filter(replaced_at=None).first()
        if found is not None:
            sealed = bytes(found.key_sealed or b"")
            return DataKey(found.version, opened_key(sealed), sealed)
        # There is none yet, or the one that was waited for was replaced meanwhile.
        if not TenantKey.objects.exists():
            made = TenantKey(tenant_id=require_tenant_id(), key_sealed=seal(new_data_key()))
            TenantKey.objects.bulk_create([made], ignore_conflicts=True)  # two may be first
    raise Unavailable("The vault's key is being replaced at this moment: try again.")


def with_keys(rows: "QuerySet[VaultSecret]") -> "QuerySet[VaultSecret]":
    """Read each secret together with the key that it is sealed under at that moment."""
    of_row = TenantKey.objects.filter(
        tenant_id=OuterRef("tenant_id"), version=OuterRef("key_version")
    )
    return rows.annotate(**{_KEY: Subquery(of_row.values("key_sealed"))})


def seal_row(row: VaultSecret, key: DataKey, secrets: Mapping[str, bytes]) -> None:
    """Seal what a row holds under this key: by column, `sealed` and `previous_sealed`."""
    for column, secret in secrets.items():
        setattr(row, column, seal_under(key.plain, secret, about=_about(row, column)))
    row.key_version = key.version
    vars(row)[_KEY] = key.sealed


def unseal_row(row: VaultSecret, column: str) -> bytes:
    """Return what a row holds in this column. Raises `Unavailable` when it cannot be opened."""
    try:
        return unseal_under(
            opened_key(_key_of(row)), bytes(getattr(row, column)), about=_about(row, column)
        )
    except InvalidTag:
        raise Unavailable("The secret cannot be opened: set it again.") from None


def opened_key(sealed: bytes) -> bytes:
    """Return a data key in the clear. Raises `Unavailable` under another installation's key."""
    try:
        return unseal(sealed)
    except InvalidToken:
        raise Unavailable(
            "The vault cannot be opened: this installation has another key."
        ) from None


def _key_of(row: VaultSecret) -> bytes:
    sealed = vars(row).get(_KEY)
    if sealed is None:  # the row was read without it
        rows = TenantKey.objects.filter(version=row.key_version)
        sealed = rows.values_list("key_sealed", flat=True).first()
    return bytes(sealed or b"")


def _about(row: VaultSecret, column: str) -> str:
    """What a secret is for: moved to another row, or back to an older version, it does not open."""
    version = str(row.version) if column == "sealed" else "previous"
    return f"{row.tenant_id}/{row.pk}/{version}"
