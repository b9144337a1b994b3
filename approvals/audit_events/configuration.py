"""What is set up: categories, rights, callback endpoints. Policies: `audit_events.policies`."""

import hashlib
from collections.abc import Mapping
from typing import Any

from approvals.audit_events.wording import words
from approvals.models import ActionCategory, CallbackEndpoint, GrantKey
from audit.actors import SYSTEM, Actor, Personal, Subject
from audit.services import record
from tenants.models import ApproverGroup, Membership


def _category(category: ActionCategory) -> Subject:
    return Subject("category", category.public_id, category.key)


def _endpoint(endpoint: CallbackEndpoint) -> Subject:
    return Subject("callback_endpoint", endpoint.public_id, endpoint.url)


def category_created(*, actor: Membership, category: ActionCategory) -> None:
    """A kind of action was defined."""
    undo = "can be undone" if category.is_reversible else "cannot be undone"
    _record(
        event_type="category.created",
        actor=actor.as_actor(),
        subject=_category(category),
        summary=(
            f"{actor} created the category {category.key} ({category.name}):"
            f" {category.risk} risk, {undo}."
        ),
        data={
            "key": category.key,
            "name": category.name,
            "risk": category.risk,
            "is_reversible": category.is_reversible,
            "is_reading": category.is_reading,
            "description": category.description,
            "payload_schema": schema_text(category.payload_schema),
            "display": schema_text(category.display),
            "cost_class": category.cost_class,
            "target_field": category.target_field,
            "amount_field": category.amount_field,
            "editable_fields": category.editable_fields,
            "needs_integration": category.needs_integration,
            "undo": schema_text(category.undo),
        },
    )


def category_changed(
    *, actor: Membership, category: ActionCategory, changes: Mapping[str, tuple[Any, Any]]
) -> None:
    """A kind of action was redefined. `changes`: field → (former, new)."""
    words = ", ".join(name.replace("_", " ") for name in changes)
    _record(
        event_type="category.changed",
        actor=actor.as_actor(),
        subject=_category(category),
        summary=f"{actor} changed the category {category.key}: {words}.",
        data={
            "key": category.key,
            "changes": {
                name: {"from": schema_text(former), "to": schema_text(new)}
                for name, (former, new) in changes.items()
            },
        },
    )


def right_given(
    *, actor: Membership, category: ActionCategory, to: ApproverGroup | Membership
) -> None:
    """A group or a person may approve actions of a category from now on."""
    _record(
        event_type="category.right_given",
        actor=actor.as_actor(),
        subject=_category(category),
        summary=f"{actor} gave {_bearer(to)} the right to approve {category.key}.",
        data={"key": category.key, **_bearer_data(to)},
    )


def right_taken(
    *, actor: Membership, category: ActionCategory, of: ApproverGroup | Membership
) -> None:
    """A group or a person may no longer approve actions of a category."""
    _record(
        event_type="category.right_taken",
        actor=actor.as_actor(),
        subject=_category(category),
        summary=f"{actor} took the right to approve {category.key} from {_bearer(of)}.",
        data={"key": category.key, **_bearer_data(of)},
    )


def grant_key_made(*, key: GrantKey) -> None:
    """The tenant has a key that signs its permissions from now on."""
    digest = hashlib.sha256(bytes(key.public_key)).hexdigest()
    _record(
        event_type="grant_key.made",
        actor=SYSTEM,
        subject=Subject("grant_key", key.kid, key.kid),
        summary=f"The key {key.kid} was made; it signs this account's permissions from now on.",
        data={"kid": key.kid, "public_key_sha256": digest},
    )


def endpoint_changed(*, actor: Membership, endpoint: CallbackEndpoint, what: str) -> None:
    """A callback endpoint was `created`, `changed`, `secret_rotated` or `disabled`."""
    words = what.replace("_", " ")
    _record(
        event_type=f"callback_endpoint.{what}",
        actor=actor.as_actor(),
        subject=_endpoint(endpoint),
        summary=f"Callback endpoint {endpoint.url}: {words} by {actor}.",
        data={
            "url": endpoint.url,
            "description": endpoint.description,
            "is_enabled": endpoint.is_enabled,
        },
    )


def _record(
    *, event_type: str, actor: Actor, subject: Subject, summary: str, data: Mapping[str, Any]
) -> None:
    record(
        event_type=event_type,
        actor=actor,
        subject=subject,
        summary=words(summary),
        data=data,
    )


def schema_text(value: Any) -> Any:
    """Return a value for the record: documents as JSON text, since they may hold fractions."""
    import json

    if isinstance(value, dict | list):
        return json.dumps(value, sort_keys=True, ensure_ascii=False)
    return value


def _bearer(bearer: ApproverGroup | Membership) -> str:
    kind = "the group " if isinstance(bearer, ApproverGroup) else ""
    return f"{kind}{bearer}"


def _bearer_data(bearer: ApproverGroup | Membership) -> dict[str, str]:
    kind = "group" if isinstance(bearer, ApproverGroup) else "member"
    name = str(bearer) if kind == "group" else Personal(str(bearer), bearer.public_id)
    return {"bearer": kind, "bearer_id": bearer.public_id, "bearer_name": name}
