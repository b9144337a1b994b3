"""How the key of the vault stands: versions and counts, never a key."""

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, Q

from tenants.models import TenantKey, VaultSecret

MOST_SHOWN = 20


@dataclass(frozen=True)
class KeyVersion:
    """One version of the key: how many secrets are under it, and whether it is still there."""

    version: int
    created_at: datetime
    replaced_at: datetime | None
    destroyed_at: datetime | None
    secrets: int

    @property
    def state(self) -> str:
        if self.destroyed_at is not None:
            return "destroyed"
        return "active" if self.replaced_at is None else "replacing"


@dataclass(frozen=True)
class VaultState:
    """The versions of the tenant's key, the newest first; none before the first secret."""

    versions: tuple[KeyVersion, ...]

    @property
    def newest(self) -> KeyVersion | None:
        return self.versions[0] if self.versions else None

    @property
    def waiting(self) -> int:
        """How many secrets are still to be sealed anew."""
        return sum(each.secrets for each in self.versions if each.state == "replacing")

    @property
    def is_settled(self) -> bool:
        """Whether no key that was replaced is there any more."""
        return all(each.state != "replacing" for each in self.versions)


def vault_state() -> VaultState:
    """Return how the key of the bound tenant's vault stands. Two statements."""
    filled = VaultSecret.objects.filter(Q(sealed__isnull=False) | Q(previous_sealed__isnull=False))
    counted = filled.values("key_version").annotate(count=Count("id")).order_by("key_version")
    under = {row["key_version"]: row["count"] for row in counted}
    rows = TenantKey.objects.defer("key_sealed").order_by("-version")[:MOST_SHOWN]
    return VaultState(
        tuple(
            KeyVersion(
                each.version,
                each.created_at,
                each.replaced_at,
                each.destroyed_at,
                under.get(each.version, 0),
            )
            for each in rows
        )
    )
