"""Trying guardrails out, and writing them: what follows from each rule, or the whole as text."""

import re
from collections.abc import Sequence
from typing import Any, Final

from django import forms

from approvals.forms.json_text import pretty, read_json
from approvals.gateway.asked import CATEGORIES
from approvals.guardrails import RuleSet, describe_rule
from approvals.policies import PolicyInvalid

_CODE: Final = {"spellcheck": "false", "autocapitalize": "off"}
_ACTIONS: Final = [
    ("refuse", "Refuse it"),
    ("ask", "Ask a person"),
    ("mask", "Mask it for readers"),
    ("warn", "Warn readers"),
]
_WORDS: Final = "words"
# What a rule of one's own can look for, as "kind" or "kind:detector".
_LOOKED_FOR: Final = [
    ("", "nothing more"),
    (_WORDS, "words or phrases"),
    ("pii", "personal data of any kind"),
    ("pii:iban", "IBANs"),
    ("pii:card", "card numbers"),
    ("pii:national_id", "national identity numbers"),
    ("pii:email", "e-mail addresses"),
    ("pii:phone", "phone numbers"),
    ("pii:birth", "dates of birth"),
    ("secret", "passwords, keys and other secrets"),
    ("injection", "signs of prompt injection"),
    ("hidden_text", "hidden text"),
]
_SENT_ON: Final = (
    "Refusing and asking hold it back before it leaves. Masking is for readers here: what is sent"
    " stays as it is."
)
_OUT: Final = ("remove", "Take the rule out")
_NAMES: Final = re.compile(r"[^a-z0-9]+")


def category_choices(known: Sequence[tuple[str, str]], every: str) -> list[tuple[str, str]]:
    """Return the categories of a select: all, whole families such as payments.*, each by itself.

    Calls of models are among them: guardrails look through those as well.
    """
    known = sorted((CATEGORIES | dict(known)).items())
    families = [key.partition(".")[0] for key, _ in known if "." in key]
    shared = sorted({each for each in families if families.count(each) > 1})
    return [
        ("", every),
        *((f"{each}.*", f"everything below {each}") for each in shared),
        *((key, f"{name} ({key})") for key, name in known),
    ]


class TryForm(forms.Form):
    """An example, as an agent could write it. `categories`: key and name of those there are."""

    example = forms.CharField(
        max_length=20_000,
        strip=False,
        widget=forms.Textarea(attrs=_CODE | {"rows": 5}),
        help_text="A text, or a payload as JSON. Nothing of it is kept.",
    )
    category = forms.ChoiceField(required=False, label="As an action of the category")

    def __init__(self, data: Any = None, *, categories: Sequence[tuple[str, str]]) -> None:
        super().__init__(data)
        every = "none: only rules for every category"
        choices = [each for each in category_choices(categories, every) if each[0][-1:] != "*"]
        self.fields["category"].choices = choices  # type: ignore[attr-defined]


class _SeenForm(forms.Form):
    """Above which version it was written: the draft there was, or else what was in force."""

    number = forms.IntegerField(widget=forms.HiddenInput, min_value=0)


class RulesForm(_SeenForm):
    """What follows from each rule, and one more rule about words."""

    revision = forms.IntegerField(widget=forms.HiddenInput, min_value=0)
    new_kind = forms.ChoiceField(required=False, choices=_LOOKED_FOR, label="Look for")
    new_words = forms.CharField(
        required=False,
        max_length=10_000,
        label="Words or phrases, one a line",
        widget=forms.Textarea(attrs={"rows": 3}),
    )
    new_categories = forms.ChoiceField(required=False, label="In")
    new_action = forms.ChoiceField(
        choices=_ACTIONS, initial="ask", label="When it is found", help_text=_SENT_ON
    )
    new_name = forms.CharField(required=False, max_length=60, label="Name of the rule")
    remark = forms.CharField(
        required=False, max_length=500, label="Reason", help_text="Whoever publishes it reads this."
    )

    def __init__(
        self,
        *args: Any,
        rules: RuleSet,
        categories: Sequence[tuple[str, str]],
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self._rules = rules
        choices = category_choices(categories, "every category")
        self.fields["new_categories"].choices = choices  # type: ignore[attr-defined]
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
        names = ("new_kind", "new_categories", "new_words", "new_action", "new_name")
        return [self[name] for name in names]

    def clean(self) -> dict[str, Any]:
        said = super().clean() or self.cleaned_data
        kind, words = said.get("new_kind", ""), said.get("new_words", "").strip()
        if kind == _WORDS and not words:
            self.add_error("new_words", "Write at least one.")
        if kind not in ("", _WORDS) and words:
            self.add_error("new_words", "Leave this empty, or look for words or phrases.")
        if not kind and not words and said.get("new_categories"):
            self.add_error("new_kind", "Choose what to look for.")
        name = _slug(said.get("new_name", ""))
        if name in {each.id for each in self._rules.rules}:
            self.add_error("new_name", f"Another rule is called {name}; call this one otherwise.")
        return said

    def to_document(self) -> dict[str, Any]:
        """Return the rules as they were chosen. The form is valid."""
        said = self.cleaned_data
        rules = []
        for index, rule in enumerate(self._rules.rules):
            action = said[f"action{index}"]
            if action != "remove":
                rules.append(rule.to_dict() | {"action": action})
        if said["new_kind"] or said["new_words"].strip():
            rules.append(self._new_rule({each["id"] for each in rules}))
        return {"rules": rules}

    def _new_rule(self, taken: set[str]) -> dict[str, Any]:
        said = self.cleaned_data
        kind, _, detector = (said["new_kind"] or _WORDS).partition(":")
        words = [each.strip() for each in said["new_words"].splitlines() if each.strip()]
        place = said["new_categories"].removesuffix(".*")
        looked_for = words[0] if kind == _WORDS else detector or kind
        own = _slug(said["new_name"])
        found = {
            "id": own or _unused(_slug(f"{looked_for} {place}") or _WORDS, taken),
            "kind": "topic" if kind == _WORDS else kind,
            "action": said["new_action"],
            "categories": [said["new_categories"] or "*"],
        }
        if kind == _WORDS:
            return found | {"words": words}
        return found | ({"detectors": [detector]} if detector else {})


def _slug(text: str) -> str:
    return _NAMES.sub("-", text.lower()).strip("-")[:60].strip("-")


def _unused(name: str, taken: set[str]) -> str:
    """Return a name that no other rule has: nobody chose this one."""
    free = (f"{name[:56]}-{number}" for number in range(2, len(taken) + 3))
    return name if name not in taken else next(each for each in free if each not in taken)


class DocumentForm(_SeenForm):
    """All rules as JSON."""

    revision = forms.IntegerField(widget=forms.HiddenInput, min_value=0)
    document = forms.CharField(
        max_length=200_000, widget=forms.Textarea(attrs=_CODE | {"rows": 18}), label="Rules as JSON"
    )
    remark = forms.CharField(
        required=False, max_length=500, label="Reason", help_text="Whoever publishes it reads this."
    )

    @staticmethod
    def start(rules: RuleSet, *, revision: int, remark: str = "") -> dict[str, Any]:
        """Return what the form begins with."""
        return {
            "number": rules.number,
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


class ConfirmForm(_SeenForm):
    """Publishing a draft."""

    revision = forms.IntegerField(widget=forms.HiddenInput, min_value=1)
    attestation = forms.CharField(
        label="Your confirmation",
        max_length=500,
        widget=forms.Textarea(attrs={"rows": 3}),
        initial="I confirm that I have read every rule of this version and agree with it.",
        help_text="Change the words if yours differ.",
    )


class DiscardForm(_SeenForm):
    """Which draft is discarded."""

    revision = forms.IntegerField(widget=forms.HiddenInput, min_value=1)
