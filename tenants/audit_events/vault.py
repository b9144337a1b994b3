"""Events about the keys of the vault: which version, never a key."""

from collections.abc import Mapping
from typing import Any

from audit.actors import SYSTEM, Actor, Subject
from audit.services import record
from tenants.audit_events.words import said
from tenants.models import Membership, TenantKey


def key_rotated(
    *, actor: Membership | Actor, key: TenantKey, former: int, secrets: int, reason: str
) -> None:
    """A new key seals from now on; `secrets` are to be sealed anew."""
    name = actor.user.name if isinstance(actor, Membership) else actor.name
    what = "1 secret is" if secrets == 1 else f"{secrets} secrets are"
    _record(
        "vault.key_rotated",
        actor.as_actor() if isinstance(actor, Membership) else actor,
        key,
        f"{name} replaced the key of the vault (version {former}) by version {key.version}, under"
        f" which {what} to be sealed anew: {reason}",
        {
            "former": former,
            "secrets": secrets,
            "reason": said(reason, actor) if isinstance(actor, Membership) else reason,
        },
    )


def key_destroyed(*, key: TenantKey) -> None:
    """Nothing was under a key that was replaced any more, and it is gone."""
    _record(
        "vault.key_destroyed", SYSTEM, key,
        f"Version {key.version} of the key of the vault was destroyed: everything is sealed anew.",
        {},
    )  # fmt: skip


def key_rewrapped(*, actor: Actor, key: TenantKey) -> None:
    """The operator sealed the key anew under the installation's newest one."""
    _record(
        "vault.key_rewrapped", actor, key,
        f"{actor.name} sealed version {key.version} of the key of the vault anew, under a new key"
        " of the installation.",
        {},
    )  # fmt: skip


def _record(
    event_type: str, actor: Actor, key: TenantKey, summary: str, data: Mapping[str, Any]
) -> None:
    record(
        event_type=event_type,
        actor=actor,
        subject=Subject("vault_key", key.public_id, f"Key of the vault, version {key.version}"),
        summary=summary,
        data={"key_version": key.version, **data},
    )
