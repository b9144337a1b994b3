"""Kinds of action, and who may approve them: guardian rights as rows of the tenant."""

import re
from collections.abc import Callable, Sequence
from typing import Any, Final

from django.db import IntegrityError, transaction
from guardian.shortcuts import assign_perm, remove_perm

from approvals.audit_events import break_glass
from approvals.audit_events import configuration as events
from approvals.enums import Risk
from approvals.models import ActionCategory
from approvals.policies.fields import PAYLOAD, find_field
from approvals.schema_limits import require_usable_schema
from approvals.selectors.people import APPROVE
from approvals.selectors.reviews import BREAK_GLASS
from approvals.services.category_undo import check_undo, require_possible_undo
from approvals.services.reading import ask_reading, needs_second_person
from govapp.common.errors import Conflict, FieldError, Invalid
from tenants.enums import CostClass
from tenants.models import ApproverGroup, Membership
from tenants.rules import may_edit_policy, may_manage_people, require

_GIVEN: Final = {APPROVE: events.right_given, BREAK_GLASS: break_glass.right_given}
_TAKEN: Final = {APPROVE: events.right_taken, BREAK_GLASS: break_glass.right_taken}
DISPLAY_KINDS: Final = ("money", "fields", "email", "sql", "http", "diff")
_PATH_CHARACTERS: Final = 200
_MOST_PATHS: Final = 50
_KEY: Final = re.compile(r"[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)*")


@transaction.atomic
def create_category(
    *,
    actor: Membership,
    key: str,
    name: str,
    risk: str,
    is_reversible: bool = False,
    is_reading: bool = False,
    description: str = "",
    payload_schema: dict[str, Any] | None = None,
    display: dict[str, Any] | None = None,
    cost_class: str = "",
    target_field: str = "",
    amount_field: str = "",
    editable_fields: Sequence[str] = (),
    needs_integration: bool = False,
    undo: dict[str, Any] | None = None,
) -> ActionCategory:
    """Define a kind of action; nobody may approve it until a right is given.

    `target_field` and `amount_field` are dotted paths into the payload, or empty: rules that look
    at history find there whom or what it is done to, and how much it is about. An
    approver may change what `editable_fields`, paths as well, lead to. With `needs_integration`
    its actions are refused unless they name a registered system that the agent was granted. `undo`
    says how what was done is taken back (`approvals.undoing`). `is_reading` is whether it changes
    nothing; while an environment is read-only that waits for a second person.

    Raises `Forbidden` (needs `compliance`), `Invalid`, `Conflict` when the key is taken.
    """
    _require_editor(actor)
    category = ActionCategory(
        key=key,
        name=name,
        risk=risk,
        is_reversible=is_reversible,
        is_reading=is_reading,
        description=description,
        payload_schema=payload_schema or {},
        display=display or {},
        cost_class=cost_class,
        target_field=target_field,
        amount_field=amount_field,
        editable_fields=list(editable_fields),
        needs_integration=needs_integration,
        undo=undo or {},
    )
    if len(key) > 100 or not _KEY.fullmatch(key):
        raise _invalid("/key", "Write words of a-z, 0-9 and _ joined by dots: payments.transfer.")
    for field in _CHECKS:
        _CHECKS[field](getattr(category, field))
    require_possible_undo(category)
    waits = needs_second_person(is_reading=is_reading)
    category.is_reading = is_reading and not waits
    try:
        with transaction.atomic():
            category.save(force_insert=True)
    except IntegrityError as error:
        raise Conflict(f"There is a category {key} already.") from error
    events.category_created(actor=actor, category=category)
    if waits:
        ask_reading(actor=actor, category=category)
    return category


@transaction.atomic
def change_category(
    *, actor: Membership, category: ActionCategory, **fields: Any
) -> ActionCategory:
    """Change anything of a category but its key. Requests in flight keep what they froze.

    That it reads only waits for a second person while an environment is read-only.

    Fields: name, risk, is_reversible, is_reading, description, payload_schema, display, cost_class,
    target_field, amount_field, editable_fields, needs_integration, undo, is_archived.
    Raises `Forbidden`, `Invalid`.
    """
    _require_editor(actor)
    waits = needs_second_person(is_reading=fields.get("is_reading") is True)
    category = ActionCategory.objects.select_for_update().get(pk=category.pk)
    changes: dict[str, tuple[Any, Any]] = {}
    for field, value in fields.items():
        if field not in _CHECKS:
            raise _invalid(f"/{field}", "This cannot be changed.")
        _CHECKS[field](value)
        if getattr(category, field) != value:
            if field == "is_reading" and waits:
                ask_reading(actor=actor, category=category)
                continue
            changes[field] = (getattr(category, field), value)
            setattr(category, field, value)
    if "undo" in changes or "payload_schema" in changes:
        require_possible_undo(category)
    if changes:
        category.save(update_fields=list(changes))
        events.category_changed(actor=actor, category=category, changes=changes)
    return category


@transaction.atomic
def give_right(
    *,
    actor: Membership,
    category: ActionCategory,
    group: ApproverGroup | None = None,
    member: Membership | None = None,
    right: str = APPROVE,
) -> None:
    """Let a group or a member approve actions of this category. Giving twice changes nothing.

    `right` is `APPROVE`, or `BREAK_GLASS`: to approve alone, in an emergency.
    """
    bearer, record = _bearer(actor, group, member), _GIVEN[right]
    if _holds(category, bearer, right):
        return
    assign_perm(right, _identity(bearer), category)
    record(actor=actor, category=category, to=bearer)


@transaction.atomic
def take_right(
    *,
    actor: Membership,
    category: ActionCategory,
    group: ApproverGroup | None = None,
    member: Membership | None = None,
    right: str = APPROVE,
) -> None:
    """Take the right away, from the next vote on. Taking what was not given changes nothing."""
    bearer, record = _bearer(actor, group, member), _TAKEN[right]
    if not _holds(category, bearer, right):
        return
    remove_perm(right, _identity(bearer), category)
    record(actor=actor, category=category, of=bearer)


def _require_editor(actor: Membership) -> None:
    require(may_edit_policy(actor), "Only members with the role compliance edit categories.")


def _bearer(
    actor: Membership, group: ApproverGroup | None, member: Membership | None
) -> ApproverGroup | Membership:
    require(
        may_edit_policy(actor) or may_manage_people(actor),
        "Only members with the role compliance or owner give rights to approve.",
    )
    if group is not None and member is None:
        return group
    if member is not None and group is None:
        return member
    raise Invalid("Name one group or one member.")


def _identity(bearer: ApproverGroup | Membership) -> Any:
    return bearer.group if isinstance(bearer, ApproverGroup) else bearer.user


def _holds(category: ActionCategory, bearer: ApproverGroup | Membership, right: str) -> bool:
    # One lock on the category, so that two people giving the same right record it once.
    ActionCategory.objects.select_for_update().get(pk=category.pk)
    if isinstance(bearer, ApproverGroup):
        rights = category.group_permissions.filter(group=bearer.group)
        return rights.filter(permission__codename=right).exists()
    return category.user_permissions.filter(user=bearer.user, permission__codename=right).exists()


def _invalid(pointer: str, detail: str) -> Invalid:
    return Invalid("The category is not valid.", errors=[FieldError(pointer, detail)])


def _check_text(pointer: str, most: int, *, least: int = 0) -> Callable[[Any], None]:
    def check(value: Any) -> None:
        fits = isinstance(value, str) and least <= len(value.strip()) and len(value) <= most
        if not fits or "\0" in value:
            raise _invalid(pointer, f"Write text of {least} to {most} characters.")

    return check


def _check_flag(pointer: str) -> Callable[[Any], None]:
    def check(value: Any) -> None:
        if not isinstance(value, bool):
            raise _invalid(pointer, "Write true or false.")

    return check


def _check_risk(value: Any) -> None:
    if value not in Risk.values:
        raise _invalid("/risk", f"Write one of {', '.join(Risk.values)}.")


def _check_cost_class(value: Any) -> None:
    if value not in ("", *CostClass.values):
        raise _invalid("/cost_class", f"Write one of {', '.join(CostClass.values)}, or nothing.")


def _check_path(pointer: str) -> Callable[[Any], None]:
    """A path that rules could follow as well: `payload.` and this is a field of theirs."""

    def check(value: Any) -> None:
        is_path = isinstance(value, str) and (not value or find_field(f"{PAYLOAD}{value}"))
        if not is_path or len(value) > _PATH_CHARACTERS:
            raise _invalid(pointer, "Write names joined by dots, as in to.iban, or nothing.")

    return check


def _check_paths(value: Any) -> None:
    pointer = "/editable_fields"
    if not isinstance(value, list) or len(value) != len(set(value)) or len(value) > _MOST_PATHS:
        raise _invalid(pointer, f"Name at most {_MOST_PATHS} fields, each once.")
    check = _check_path(pointer)
    for each in value:
        check(each)
        if not each:
            raise _invalid(pointer, "Write names joined by dots, as in to.iban.")


def _check_display(value: Any) -> None:
    if not isinstance(value, dict):
        raise _invalid("/display", "Write a JSON object.")
    if value and value.get("kind") not in DISPLAY_KINDS:
        raise _invalid("/display/kind", f"Write one of {', '.join(DISPLAY_KINDS)}.")
    fields = value.get("fields", {})
    if not isinstance(fields, dict) or not all(isinstance(each, dict) for each in fields.values()):
        raise _invalid("/display/fields", 'Write an object like {"amount": {"label": "Amount"}}.')


_CHECKS: Final[dict[str, Callable[[Any], None]]] = {
    "name": _check_text("/name", 120, least=1),
    "description": _check_text("/description", 500),
    "risk": _check_risk,
    "is_reversible": _check_flag("/is_reversible"),
    "is_reading": _check_flag("/is_reading"),
    "is_archived": _check_flag("/is_archived"),
    "needs_integration": _check_flag("/needs_integration"),
    "payload_schema": require_usable_schema,
    "display": _check_display,
    "cost_class": _check_cost_class,
    "target_field": _check_path("/target_field"),
    "amount_field": _check_path("/amount_field"),
    "editable_fields": _check_paths,
    "undo": check_undo,
}
