"""Trying guardrails out, and writing them: what follows from each rule, or the whole as text."""

import re
from typing import Any, Final

from django import forms

from approvals.forms.json_text import pretty, read_json
from approvals.guardrails import RuleSet, describe_rule
from approvals.policies import PolicyInvalid

_CODE: Final = {"spellcheck": "false", "autocapitalize": "off"}
_ACTIONS: Final = [
    ("refuse", "Refuse it"),
    ("ask", "Ask a person"),
    ("mask", "Mask it for readers"),
    ("warn", "Warn readers"),
]
_OUT: Final = ("remove", "Take the rule out")
_NAMES: Final = re.compile(r"[^a-z0-9]+")


class TryForm(forms.Form):
    """An example, as an agent could write it."""

    example = forms.CharField(
        max_length=20_000,
        strip=False,
        widget=forms.Textarea(attrs=_CODE | {"rows": 5}),
        help_text="A text, or a payload as JSON. Nothing of it is kept.",
    )
    category = forms.CharField(
        max_length=100, required=False, help_text="Empty: rules of every category only."
    )


class RulesForm(forms.Form):
    """What follows from each rule, and one more rule about words."""

    revision = forms.IntegerField(widget=forms.HiddenInput, min_value=0)
    new_words = forms.CharField(
        required=False,
        max_length=10_000,
        label="Words or phrases, one a line",
        widget=forms.Textarea(attrs={"rows": 3}),
    )
    new_name = forms.CharField(required=False, max_length=60, label="Name of the rule")
    new_action = forms.ChoiceField(choices=_ACTIONS, initial="ask", label="When one is mentioned")
    new_categories = forms.CharField(
        required=False,
        max_length=500,
        label="In these categories",
        help_text="Such as payments.*, with commas between. Empty: in all.",
    )
    remark = forms.CharField(
        required=False, max_length=500, label="Reason", help_text="Who confirms it reads this."
    )

    def __init__(self, *args: Any, rules: RuleSet, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._rules = rules
        for index, rule in enumerate(rules.rules):
            self.fields[f"action{index}"] = forms.ChoiceField(
                choices=[*_ACTIONS, _OUT],
                initial=rule.action,
                label=describe_rule(rule).rpartition(", ")[0],
            )

    @property
    def rule_fields(self) -> list[forms.BoundField]:
        """One field for each rule, in their order."""
        return [self[f"action{index}"] for index in range(len(self._rules.rules))]

    @property
    def new_fields(self) -> list[forms.BoundField]:
        """The fields of a rule that is added."""
        return [self[name] for name in ("new_words", "new_name", "new_action", "new_categories")]

    def to_document(self) -> dict[str, Any]:
        """Return the rules as they were chosen. The form is valid."""
        said = self.cleaned_data
        rules = []
        for index, rule in enumerate(self._rules.rules):
            action = said[f"action{index}"]
            if action != "remove":
                rules.append(rule.to_dict() | {"action": action})
        words = [each.strip() for each in said["new_words"].splitlines() if each.strip()]
        if words:
            name = _NAMES.sub("-", (said["new_name"] or words[0]).lower()).strip("-")
            categories = [each.strip() for each in said["new_categories"].split(",")]
            rules.append(
                {
                    "id": name[:60] or "words",
                    "kind": "topic",
                    "action": said["new_action"],
                    "categories": [each for each in categories if each] or ["*"],
                    "words": words,
                }
            )
        return {"rules": rules}


class DocumentForm(forms.Form):
    """All rules as JSON."""

    revision = forms.IntegerField(widget=forms.HiddenInput, min_value=0)
    document = forms.CharField(
        max_length=200_000, widget=forms.Textarea(attrs=_CODE | {"rows": 18}), label="Rules as JSON"
    )
    remark = forms.CharField(
        required=False, max_length=500, label="Reason", help_text="Who confirms it reads this."
    )

    @staticmethod
    def start(rules: RuleSet, *, revision: int, remark: str = "") -> dict[str, Any]:
        """Return what the form begins with."""
        return {
            "revision": revision,
            "document": pretty(rules.to_document()),
            "remark": remark,
        }

    def clean_document(self) -> Any:
        try:
            return read_json(self.cleaned_data["document"])
        except PolicyInvalid as invalid:
            found = invalid.problems[0]
            where = f"Line {found.line}: " if found.line else ""
            raise forms.ValidationError(f"{where}{found.message}.") from None


class ConfirmForm(forms.Form):
    """Putting a draft in force, or away."""

    revision = forms.IntegerField(widget=forms.HiddenInput, min_value=1)
    attestation = forms.CharField(
        label="Your confirmation",
        max_length=500,
        widget=forms.Textarea(attrs={"rows": 3}),
        initial="I confirm that I have read every rule of this version and agree with it.",
        help_text="Change the words if yours differ.",
    )


class DiscardForm(forms.Form):
    """Which draft is discarded."""

    revision = forms.IntegerField(widget=forms.HiddenInput, min_value=1)
