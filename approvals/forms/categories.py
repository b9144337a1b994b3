"""Defining a kind of action, and saying who may approve it."""

from collections.abc import Iterable
from typing import Any, ClassVar, Final

from django import forms

from approvals.enums import Risk
from approvals.forms.json_text import place_of, pretty, read_json
from approvals.forms.listing import ListedForm
from approvals.models import ActionCategory
from approvals.policies import PolicyInvalid, Problem
from approvals.schema_fields import leaf_fields
from approvals.schema_limits import require_usable_schema
from approvals.selectors.categories import CategoryRow
from approvals.undoing import MOST_HOURS, UndoInvalid, parse_lines, to_lines
from govapp.common.errors import Invalid
from tenants.enums import CostClass
from tenants.models import ApproverGroup, Membership

KINDS: Final = [
    ("fields", "Fields: name and value"),
    ("money", "Money: the amount stands large"),
    ("email", "E-mail: as it will look"),
    ("sql", "SQL: the statement as code"),
    ("http", "HTTP: method and address as code"),
    ("diff", "Diff: added and removed lines"),
]
_CODE: Final = {"spellcheck": "false", "autocapitalize": "off"}


class CategoryForm(ListedForm):
    """A kind of action. The key is asked for only when it is new."""

    listed = "payload_schema"
    places: ClassVar[dict[str, str]] = {
        "undo/category": "undo_category",
        "undo/payload": "undo_payload",
        "undo/within_hours": "undo_hours",
    }

    key = forms.CharField(
        max_length=100,
        help_text="How agents and rules name it: payments.transfer. It cannot be changed.",
    )
    name = forms.CharField(max_length=120)
    description = forms.CharField(max_length=500, required=False)
    risk = forms.ChoiceField(choices=Risk, initial=Risk.HIGH)
    is_reversible = forms.BooleanField(required=False, label="What was done can be undone")
    is_reading = forms.BooleanField(
        required=False,
        label="It only reads",
        help_text="It changes nothing, so it is let through where an environment is read-only.",
    )
    cost_class = forms.ChoiceField(
        label="What it may cost",
        required=False,
        choices=[("", "Not said"), *CostClass.choices],
        help_text="For rules about the class of cost.",
    )
    needs_integration = forms.BooleanField(
        required=False,
        label="Done on a registered system",
        help_text="A request that names no integration, or one not granted, is refused.",
    )
    target_field = forms.CharField(
        label="Field of the target",
        max_length=200,
        required=False,
        widget=forms.TextInput(attrs=_CODE),
        help_text="Whom or what it is done to, as to.iban. For rules about the first time.",
    )
    amount_field = forms.CharField(
        label="Field of the amount",
        max_length=200,
        required=False,
        widget=forms.TextInput(attrs=_CODE),
        help_text="For rules about multiples of the usual amount.",
    )
    kind = forms.ChoiceField(label="How people see the payload", choices=KINDS)
    labels = forms.CharField(
        label="Names of its fields",
        required=False,
        widget=forms.Textarea(attrs=_CODE | {"rows": 4}),
        help_text="One field a line: iban = Account. Others show their own name.",
    )
    payload_schema = forms.CharField(
        label="Schema of the payload",
        required=False,
        strip=False,
        widget=forms.Textarea(attrs=_CODE),
        help_text="JSON Schema 2020-12. A payload that does not fit is refused.",
    )

    # Which ones there are is what the schema says; a new category has none to choose from yet.
    editable_fields = forms.MultipleChoiceField(
        label="Fields that an approver may change",
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text="While approving: the changed action is checked against the rules anew.",
    )

    undo_category = forms.CharField(
        label="Taken back by",
        max_length=100,
        required=False,
        widget=forms.TextInput(attrs=_CODE),
        help_text="The key of the category whose action takes this one back, as payments.refund."
        " Leave it empty when nothing can.",
    )
    undo_payload = forms.CharField(
        label="With this payload",
        required=False,
        widget=forms.Textarea(attrs=_CODE | {"rows": 4}),
        help_text="One field a line: amount = /amount takes it from what was done,"
        ' currency = "EUR" is always that, and reverses = request is the id of what was done.',
    )
    undo_hours = forms.IntegerField(
        label="Within so many hours",
        required=False,
        min_value=1,
        max_value=MOST_HOURS,
        help_text="From when it was reported as done.",
    )

    def __init__(self, *args: Any, is_new: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not is_new:
            del self.fields["key"]
        chosen = self.fields["editable_fields"]
        assert isinstance(chosen, forms.MultipleChoiceField)  # noqa: S101 - for the type checker
        chosen.choices = [(path, path) for path in self._paths()]
        if not chosen.choices:
            del self.fields["editable_fields"]

    def _paths(self) -> list[str]:
        """The fields of the schema as it was written here, and those that are open already."""
        text = self["payload_schema"].value()
        try:
            schema = read_json(text) if isinstance(text, str) else {}
        except PolicyInvalid:
            schema = {}
        named = [each.path for each in leaf_fields(schema)] if isinstance(schema, dict) else []
        return [*named, *(each for each in self._open() if each not in named)]

    def _open(self) -> list[str]:
        return list(self.initial.get("editable_fields", ()))

    def clean_labels(self) -> dict[str, str]:
        found = {}
        for line in self.cleaned_data["labels"].splitlines():
            name, equals, label = (part.strip() for part in line.partition("="))
            if not line.strip():
                continue
            if not equals or not name or not label:
                raise forms.ValidationError(f"Write {name or 'the field'} = its name.")
            found[name] = label
        return found

    def clean_undo_payload(self) -> dict[str, dict[str, Any]]:
        try:
            return parse_lines(self.cleaned_data["undo_payload"])
        except UndoInvalid as fault:
            raise forms.ValidationError(fault.detail) from None

    def _undo(self, data: dict[str, Any]) -> dict[str, Any]:
        """Return what was said of taking back; nothing when no category was named."""
        said = {
            "category": data.pop("undo_category").strip(),
            "payload": data.pop("undo_payload"),
            "within_hours": data.pop("undo_hours"),
        }
        return said if any(said.values()) else {}

    def clean_payload_schema(self) -> Any:
        text: str = self.cleaned_data["payload_schema"].replace("\r\n", "\n").strip()
        try:
            schema = read_json(text)
            require_usable_schema(schema)
        except PolicyInvalid as invalid:
            raise self.refuse(invalid.problems) from None
        except Invalid as invalid:
            problems = [_problem(text, each.pointer, each.detail) for each in invalid.errors]
            raise self.refuse(problems) from None
        return schema

    def values(self, former: ActionCategory | None = None) -> dict[str, Any]:
        """Return what the service takes; hints that the form does not show are kept."""
        data = dict(self.cleaned_data)
        display = dict(former.display) if former else {}
        hints = display.get("fields") or {}
        display["kind"] = data.pop("kind")
        display["fields"] = {
            name: hints.get(name, {}) | {"label": label}
            for name, label in data.pop("labels").items()
        }
        undo = self._undo(data)
        return data | {"display": display, "undo": undo}

    @staticmethod
    def values_of(category: ActionCategory) -> dict[str, Any]:
        """Return what the form starts from."""
        names = (
            "name", "description", "risk", "is_reversible", "is_reading", "cost_class",
            "target_field", "amount_field", "editable_fields", "needs_integration",
        )  # fmt: skip
        hints = category.display.get("fields") or {}
        return {name: getattr(category, name) for name in names} | {
            "kind": category.display.get("kind", "fields"),
            "labels": "\n".join(
                f"{name} = {hint.get('label', name)}" for name, hint in hints.items()
            ),
            "payload_schema": pretty(category.payload_schema),
            "undo_category": category.undo.get("category", ""),
            "undo_payload": to_lines(category.undo.get("payload", {})),
            "undo_hours": category.undo.get("within_hours", ""),
        }


class RightForm(forms.Form):
    """Choose a group or a person who does not have the right yet; `alone`: the one for emergencies.

    `members` are the approvers.
    """

    to = forms.ChoiceField(label="Group or person")

    def __init__(
        self,
        *args: Any,
        row: CategoryRow,
        groups: Iterable[ApproverGroup],
        members: Iterable[Membership],
        alone: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        has_groups = row.alone_groups if alone else row.groups
        has_members = row.alone_members if alone else row.members
        self._groups = {f"group:{group.slug}": group for group in groups if group not in has_groups}
        self._members = {
            f"member:{member.public_id}": member for member in members if member not in has_members
        }
        choice = self.fields["to"]
        assert isinstance(choice, forms.ChoiceField)  # noqa: S101 - for the type checker
        choice.choices = [
            ("", "Choose"),
            ("Groups", [(key, group.name) for key, group in self._groups.items()]),
            ("People", [(key, member.user.name) for key, member in self._members.items()]),
        ]

    def bearer(self) -> dict[str, Any]:
        """Return what the service takes."""
        to = self.cleaned_data["to"]
        if to in self._groups:
            return {"group": self._groups[to]}
        return {"member": self._members[to]}

    def name(self) -> str:
        """Return who was chosen, in words."""
        bearer: ApproverGroup | Membership = next(iter(self.bearer().values()))
        return bearer.user.name if isinstance(bearer, Membership) else bearer.name


def _problem(text: str, pointer: str, detail: str) -> Problem:
    inside = pointer.removeprefix("/payload_schema")
    return Problem(inside, detail, *place_of(text, inside))
