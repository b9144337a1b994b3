"""Changing an action while approving it: one input for each field that the category opens."""

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from django import forms

from approvals.changing import find_value
from approvals.forms.json_text import pretty, read_json
from approvals.policies import PolicyInvalid
from approvals.schema_fields import SchemaField, find_field

_LINE: Final = 100  # characters; what is longer gets several lines
_PLAIN: Final = {"spellcheck": "false", "autocapitalize": "off", "autocomplete": "off"}
_NUMBERS: Final = ("integer", "number")
_NOTHING: Final = ""  # an empty choice, and what an empty input means for a field not there


class ChangesForm(forms.Form):
    """The fields that may change, with what they say; `summary` and `reason` beside them.

    `seen` is what was shown, signed (`approvals.ballots`).
    """

    seen = forms.CharField(widget=forms.HiddenInput)
    summary = forms.CharField(
        label="In one sentence",
        max_length=500,
        help_text="What everybody reads first. Change it when it no longer says what happens.",
    )
    reason = forms.CharField(
        required=False,
        max_length=4000,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="Kept in the record.",
    )
    # Asked for where a rule wants step-up; never written back into the page.
    code = forms.CharField(required=False, max_length=20)
    passkey = forms.CharField(required=False, max_length=20_000)

    # An empty text is a value.
    use_required_attribute = False

    def __init__(
        self,
        *args: Any,
        payload: Mapping[str, Any],
        schema: Mapping[str, Any],
        editable: Sequence[str],
        labels: Mapping[str, Any],
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self._former: dict[str, Any] = {}
        self._readers: dict[str, tuple[str, Callable[[str], Any]]] = {}
        for number, path in enumerate(editable):
            self._add(f"field_{number}", path, payload, schema, labels)

    @property
    def inputs(self) -> list[forms.BoundField]:
        """The inputs of the payload's fields."""
        return [self[name] for name in self._readers]

    def shown(self) -> dict[str, str]:
        """Return what stands in the fields at first, by path."""
        return {path: str(self._former[name]) for name, (path, _) in self._readers.items()}

    @property
    def written(self) -> list[forms.BoundField]:
        """All that a review carries on: fields and summary."""
        return [*self.inputs, self["summary"], self["seen"]]

    def changes(self) -> dict[str, Any]:
        """Return the values by path, of those that differ from what was shown."""
        data, found = self.cleaned_data, {}
        for name, (path, _) in self._readers.items():
            if name in data and data[name] is not _Untouched:
                found[path] = data[name]
        return found

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or self.cleaned_data
        for name, (_, read) in self._readers.items():
            if name not in data:
                continue
            text = data[name].replace("\r\n", "\n")
            if text == self._shown(name):
                data[name] = _Untouched
                continue
            try:
                data[name] = read(text)
            except forms.ValidationError as error:
                self.add_error(name, error)
        return data

    def _shown(self, name: str) -> str:
        return str(self._former[name]).replace("\r\n", "\n")

    def _add(
        self,
        name: str,
        path: str,
        payload: Mapping[str, Any],
        schema: Mapping[str, Any],
        labels: Mapping[str, Any],
    ) -> None:
        about, value = find_field(schema, path), find_value(payload, path)
        hint = labels.get(path)
        label = str(hint.get("label", "")) if isinstance(hint, Mapping) else ""
        self.fields[name] = _field_for(about, value, label or about.title or path)
        self._former[name] = self.initial[name] = _text_of(about, value)
        self._readers[name] = (path, _reader_for(about, value))


class _Text(forms.CharField):
    """A value that stands there already: nobody has to fill it in, and nothing is text as well."""

    def validate(self, value: Any) -> None:
        """Leave it to the schema."""


class _Untouched:
    """Stands for a value that is as it was."""


def _field_for(about: SchemaField, value: Any, label: str) -> forms.Field:
    choices = _choices(about)
    if choices:
        first = [] if value is not None else [(_NOTHING, "Not said")]
        required = value is not None
        return forms.ChoiceField(label=label, choices=first + choices, required=required)
    if _is_text(about, value):
        long = isinstance(value, str) and ("\n" in value or len(value) > _LINE)
        widget = forms.Textarea(attrs=_PLAIN | {"rows": 6}) if long else forms.TextInput(_PLAIN)
        return _Text(label=label, strip=False, widget=widget)
    if about.kind in _NUMBERS:
        attrs = _PLAIN | {"inputmode": "decimal"}
        return _Text(label=label, widget=forms.TextInput(attrs))
    return _Text(
        label=label,
        strip=False,
        widget=forms.Textarea(attrs=_PLAIN | {"rows": 6}),
        help_text="Written as JSON.",
    )


def _choices(about: SchemaField) -> list[tuple[str, str]]:
    if about.kind == "boolean":
        return [("true", "Yes"), ("false", "No")]
    return [(json.dumps(each), str(each)) for each in about.choices]


def _is_text(about: SchemaField, value: Any) -> bool:
    return about.kind == "string" or (not about.kind and isinstance(value, str | None))


def _text_of(about: SchemaField, value: Any) -> str:
    if value is None:
        return _NOTHING
    if _choices(about):
        return json.dumps(value)
    if isinstance(value, str) and _is_text(about, value):
        return value
    return pretty(value)


def _reader_for(about: SchemaField, value: Any) -> Callable[[str], Any]:
    if not _choices(about) and _is_text(about, value):
        return str
    return _read_number if about.kind in _NUMBERS else _read_json


def _read_number(text: str) -> Any:
    found = _read_json(text.strip())
    if isinstance(found, bool) or not isinstance(found, int | float):
        raise forms.ValidationError("Write a number, with a point before its decimals.")
    return found


def _read_json(text: str) -> Any:
    try:
        return read_json(text or "null")
    except PolicyInvalid as invalid:
        raise forms.ValidationError(invalid.problems[0].message) from None
