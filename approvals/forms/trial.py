"""Trying a request out: its payload as fields made from the category's schema, or as JSON."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Final

from django import forms

from approvals.facts import Submission
from approvals.forms.json_text import read_json
from approvals.models import ActionCategory
from approvals.policies import PolicyInvalid

# More than this is easier written as JSON.
MOST_FIELDS: Final = 40
_PREFIX: Final = "payload."
_NUMBERS: Final = frozenset({"number", "integer"})
_CODE: Final = {"spellcheck": "false", "autocapitalize": "off"}
_YES_NO: Final = [("", "Not given"), ("true", "true"), ("false", "false")]


class TrialForm(forms.Form):
    """What an agent would send. Fields that are left empty are not sent."""

    environment = forms.CharField(max_length=50, initial="production")
    confidence = forms.DecimalField(required=False, min_value=Decimal(0), max_value=Decimal(1))
    on_behalf_of = forms.CharField(max_length=200, required=False, label="On behalf of")
    integration = forms.CharField(max_length=100, required=False)
    run = forms.CharField(max_length=100, required=False)
    payload_json = forms.CharField(
        required=False,
        label="Payload as JSON",
        help_text="If anything stands here, it is taken instead of the fields above.",
        widget=forms.Textarea(attrs=_CODE | {"rows": 6}),
    )

    def __init__(self, *args: Any, category: ActionCategory, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._category = category
        properties = category.payload_schema.get("properties")
        self._properties: dict[str, Any] = (
            dict(list(properties.items())[:MOST_FIELDS]) if isinstance(properties, dict) else {}
        )
        made = {
            f"{_PREFIX}{name}": _field(name, schema) for name, schema in self._properties.items()
        }
        self.fields = made | self.fields

    @property
    def payload_fields(self) -> list[forms.BoundField]:
        """The fields that the schema names."""
        return [self[f"{_PREFIX}{name}"] for name in self._properties]

    @property
    def other_fields(self) -> list[forms.BoundField]:
        """What an agent says beside the payload."""
        return [self[name] for name in self.fields if not name.startswith("payload")]

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        if text := cleaned.get("payload_json"):
            payload = self._read("payload_json", text)
            if not isinstance(payload, dict) and "payload_json" not in self.errors:
                self.add_error("payload_json", "Write a JSON object.")
        else:
            payload = {
                name: self._value(name, schema, cleaned[f"{_PREFIX}{name}"])
                for name, schema in self._properties.items()
                if cleaned.get(f"{_PREFIX}{name}")
            }
        return cleaned | {"payload": payload}

    def _value(self, name: str, schema: object, text: str) -> Any:
        types = _types_of(schema)
        if "string" in types or not types:
            return text
        return self._read(f"{_PREFIX}{name}", text)

    def _read(self, name: str, text: str) -> Any:
        try:
            return read_json(text)
        except PolicyInvalid as invalid:
            self.add_error(name, f"{invalid.problems[0].message.capitalize()}.")
            return None

    def to_submission(self) -> Submission:
        """Return what the agent would send."""
        said = self.cleaned_data
        return Submission(
            category=self._category.key,
            summary="Tried out",
            payload=said["payload"],
            environment=said["environment"],
            confidence=said["confidence"],
            on_behalf_of=said["on_behalf_of"],
            integration=said["integration"],
            run=said["run"],
        )


def _field(name: str, schema: object) -> forms.Field:
    said: Mapping[str, Any] = schema if isinstance(schema, Mapping) else {}
    words: dict[str, Any] = {
        "required": False,
        "label": str(said.get("title") or name),
        "help_text": str(said.get("description") or "")[:300],
    }
    types, listed = _types_of(schema), said.get("enum")
    if isinstance(listed, list) and listed and all(isinstance(one, str) for one in listed):
        choices = [("", "Not given"), *((one, one) for one in listed)]
        return forms.ChoiceField(choices=choices, **words)
    if types == {"boolean"}:
        return forms.ChoiceField(choices=_YES_NO, **words)
    if types and types <= _NUMBERS:
        return forms.CharField(widget=forms.TextInput(attrs={"inputmode": "decimal"}), **words)
    if "string" in types or not types:
        return forms.CharField(strip=False, **words)
    words["help_text"] = f"As JSON. {words['help_text']}".strip()
    return forms.CharField(widget=forms.Textarea(attrs=_CODE | {"rows": 3}), **words)


def _types_of(schema: object) -> frozenset[str]:
    named = schema.get("type") if isinstance(schema, Mapping) else None
    if isinstance(named, str):
        return frozenset({named})
    return frozenset(map(str, named)) if isinstance(named, list) else frozenset()
