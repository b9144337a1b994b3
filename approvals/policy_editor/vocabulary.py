"""What there is to choose from in this tenant: categories, people, labels, environments."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from approvals.models import ActionCategory, ActionRequest
from approvals.policies.limits import FIELD_SEGMENTS
from tenants.enums import CostClass, MemberStatus, Role, TrustTier
from tenants.models import Agent, ApproverGroup, Membership

_USUAL_ENVIRONMENTS: Final = ("production", "staging", "development")
_RECENT: Final = 500
_DEEPEST: Final = min(4, FIELD_SEGMENTS - 1)
Pair = tuple[str, str]  # the value, and its words


@dataclass(frozen=True)
class PayloadField:
    """One field of a payload as its category's schema types it."""

    path: str  # "amount", "customer.country"
    label: str
    kind: str  # a Kind's name in lower case; "any" where the schema does not say
    choices: tuple[str, ...] = ()


@dataclass(frozen=True)
class KnownCategory:
    """One kind of action that is not archived."""

    key: str
    name: str
    fields: tuple[PayloadField, ...]

    def fits(self, patterns: Iterable[str]) -> bool:
        """Return whether one of the patterns of a rule means this category."""
        return any(
            pattern in ("*", self.key)
            or (pattern.endswith(".*") and self.key.startswith(pattern[:-1]))
            for pattern in patterns
        )


@dataclass(frozen=True)
class Vocabulary:
    """Everything that selects offer."""

    categories: tuple[KnownCategory, ...]
    groups: tuple[Pair, ...]
    people: tuple[Pair, ...]
    labels: tuple[str, ...]
    environments: tuple[str, ...]
    agents: tuple[str, ...]
    integrations: tuple[str, ...]
    roles: tuple[Pair, ...] = tuple(Role.choices)
    tiers: tuple[Pair, ...] = tuple(TrustTier.choices)
    cost_classes: tuple[Pair, ...] = tuple(CostClass.choices)

    def fields_of(self, patterns: Iterable[str]) -> list[PayloadField]:
        """Return the payload fields of every category that a rule means, each path once."""
        wanted = tuple(patterns)
        found: dict[str, PayloadField] = {}
        for category in self.categories:
            if category.fits(wanted):
                for each in category.fields:
                    found.setdefault(each.path, each)
        return list(found.values())

    def name_of(self, pattern: str) -> str:
        """Return a pattern in words: "Bank transfer", "every action of payments"."""
        if pattern == "*":
            return "Anything"
        if pattern.endswith(".*"):
            return f"Everything in {pattern[:-2]}"
        return next((each.name for each in self.categories if each.key == pattern), pattern)


def read_vocabulary() -> Vocabulary:
    """Return what this tenant has. Five statements."""
    categories = ActionCategory.objects.filter(is_archived=False).order_by("key")
    members = Membership.objects.filter(
        status=MemberStatus.ACTIVE, roles__contains=[Role.APPROVER]
    ).select_related("user")
    agents = list(Agent.objects.order_by("name").values_list("name", "labels"))
    recent = list(
        ActionRequest.objects.order_by("-submitted_at").values_list("environment", "integration")[
            :_RECENT
        ]
    )
    return Vocabulary(
        categories=tuple(
            KnownCategory(each.key, each.name, tuple(payload_fields(each))) for each in categories
        ),
        groups=tuple(ApproverGroup.objects.order_by("name").values_list("slug", "name")),
        people=tuple(
            (each.user.email.lower(), each.user.name) for each in members.order_by("user__name")
        ),
        labels=tuple(sorted({label for _, labels in agents for label in labels})),
        environments=_known(_USUAL_ENVIRONMENTS, (environment for environment, _ in recent)),
        agents=tuple(name for name, _ in agents),
        integrations=_known((), (integration for _, integration in recent)),
    )


def _known(first: Iterable[str], found: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys([*first, *sorted({each for each in found if each})]))


def payload_fields(category: ActionCategory) -> Iterator[PayloadField]:
    """Return the fields that the category's schema declares, with the words that it shows."""
    display = category.display if isinstance(category.display, dict) else {}
    named = display.get("fields")
    labels = named if isinstance(named, dict) else {}
    yield from _walk(category.payload_schema, labels, "", 1)


def _walk(
    schema: Any, labels: Mapping[str, Any], before: str, depth: int
) -> Iterator[PayloadField]:
    properties = schema.get("properties") if isinstance(schema, dict) else None
    if not isinstance(properties, dict) or depth > _DEEPEST:
        return
    for name, each in properties.items():
        if not name or "." in name or any(letter.isspace() for letter in name):
            continue  # a path could not name it
        path = f"{before}{name}"
        inner = each if isinstance(each, dict) else {}
        if isinstance(inner.get("properties"), dict):
            yield from _walk(inner, labels, f"{path}.", depth + 1)
            continue
        shown = labels.get(path) or labels.get(name)
        label = shown.get("label") if isinstance(shown, dict) else None
        words = str(label or inner.get("title") or path.replace("_", " ").replace(".", ", "))
        kind, choices = _type_of(inner)
        yield PayloadField(path, words[:1].upper() + words[1:], kind, choices)


def _type_of(schema: Mapping[str, Any]) -> tuple[str, tuple[str, ...]]:
    listed = schema.get("enum")
    if isinstance(listed, list) and listed and all(isinstance(each, str) for each in listed):
        return "text", tuple(listed)
    kind = schema.get("type")
    if kind in ("number", "integer"):
        return "number", ()
    if kind == "boolean":
        return "boolean", ()
    if kind == "array":
        items = schema.get("items")
        return "labels", _type_of(items)[1] if isinstance(items, dict) else ()
    if kind == "string":
        if schema.get("format") in ("date", "date-time"):
            return "date", ()
        return ("number" if _is_numeric(schema.get("pattern")) else "text"), ()
    return "any", ()


def _is_numeric(pattern: object) -> bool:
    """Whether a pattern admits digits, points and signs only, such as amounts kept as text."""
    if not isinstance(pattern, str):
        return False
    bare = pattern
    for each in ("\\d", "[0-9]", "[1-9]", "\\.", "[.]"):
        bare = bare.replace(each, "")
    has_digits = bare != pattern and ("\\d" in pattern or "0-9" in pattern or "1-9" in pattern)
    return has_digits and not any(letter.isalpha() for letter in bare)
