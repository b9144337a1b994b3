"""The forms of this floor's pages. What is allowed is decided by the services."""

import json
from collections.abc import Sequence
from datetime import timedelta
from typing import Any, Final

from django import forms

from approvals.enums import Risk, Verdict
from approvals.models import ActionCategory
from approvals.policies import PolicyInvalid, Problem, load_policy
from approvals.selectors.categories import CategoryRow
from tenants.models import ApproverGroup, Membership
from tenants.selectors import active_members

ATTESTATION: Final = (
    "I confirm that I have read every sentence of this version and that it is what we decided."
)
_KINDS: Final = [
    ("fields", "Fields: name and value"),
    ("money", "Money: the amount stands large"),
    ("email", "E-mail: as it will look"),
    ("sql", "SQL: the statement as code"),
    ("http", "HTTP: method and address as code"),
    ("diff", "Diff: added and removed lines"),
]


class PrettyJSON(json.JSONEncoder):
    """JSON for a person who edits it."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs | {"indent": 2, "ensure_ascii": False})


class VoteForm(forms.Form):
    """A decision. `seen` is what was shown and when, signed (`approvals.ballots`)."""

    seen = forms.CharField(widget=forms.HiddenInput)
    verdict = forms.ChoiceField(choices=Verdict)
    reason = forms.CharField(
        required=False, strip=True, max_length=4000, widget=forms.Textarea(attrs={"rows": 3})
    )


class CancelForm(forms.Form):
    reason = forms.CharField(
        required=False, max_length=2000, help_text="Optional. The agent and the record get it."
    )


class WithdrawForm(forms.Form):
    reason = forms.CharField(max_length=2000, help_text="It is kept in the record.")


class PolicyForm(forms.Form):
    """A policy document as text. `problems` says where it is wrong."""

    source = forms.CharField(
        label="Document (YAML)",
        strip=False,
        widget=forms.Textarea(attrs={"spellcheck": "false", "autocapitalize": "off"}),
    )
    remark = forms.CharField(
        required=False, max_length=500, help_text="What changes, and why. It is kept."
    )

    problems: Sequence[Problem] = ()

    def clean_source(self) -> str:
        source: str = self.cleaned_data["source"]
        try:
            load_policy(source)
        except PolicyInvalid as invalid:
            self.problems = invalid.problems
            count = len(self.problems)
            raise forms.ValidationError(
                "There is one mistake, listed above." if count == 1 else
                f"There are {count} mistakes, listed above."
            ) from None  # fmt: skip
        return source

    def shown_lines(self) -> list[tuple[int, str, bool]]:
        """Return the lines around each mistake: number, text, and whether it is wrong."""
        lines = str(self["source"].value() or "").splitlines()
        wrong = {each.line for each in self.problems if each.line}
        near = {
            number
            for line in wrong
            for number in range(line - 2, line + 3)
            if 1 <= number <= len(lines)
        }
        return [(number, lines[number - 1], number in wrong) for number in sorted(near)]


class PublishForm(forms.Form):
    attestation = forms.CharField(
        label="Your confirmation",
        max_length=500,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text="It is kept with your name and the time. Change the words if yours differ.",
    )


class CategoryForm(forms.Form):
    """A kind of action. The key is asked for when it is new only."""

    key = forms.CharField(
        max_length=100,
        help_text="How agents and rules name it: payments.transfer. It cannot be changed.",
    )
    name = forms.CharField(max_length=120)
    description = forms.CharField(max_length=500, required=False)
    risk = forms.ChoiceField(choices=Risk, initial=Risk.HIGH)
    is_reversible = forms.BooleanField(required=False, label="What was done can be undone")
    kind = forms.ChoiceField(label="How to show it", choices=_KINDS)
    fields_shown = forms.JSONField(
        label="Names of fields",
        required=False,
        encoder=PrettyJSON,
        widget=forms.Textarea(attrs={"rows": 4, "spellcheck": "false"}),
        help_text='JSON, for example {"iban": {"label": "Account"}}.',
    )
    payload_schema = forms.JSONField(
        label="Schema of the payload",
        required=False,
        encoder=PrettyJSON,
        widget=forms.Textarea(attrs={"rows": 8, "spellcheck": "false"}),
        help_text="JSON Schema 2020-12. A payload that does not fit is blocked.",
    )
    is_archived = forms.BooleanField(
        required=False, label="Archived: requests of this category are blocked"
    )

    def __init__(self, *args: Any, is_new: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        del self.fields["is_archived" if is_new else "key"]

    def values(self, former: dict[str, Any] | None = None) -> dict[str, Any]:
        """Return what the service takes; other keys of `former`'s display are kept."""
        data = dict(self.cleaned_data)
        display = dict(former or {}) | {"kind": data.pop("kind")}
        display["fields"] = data.pop("fields_shown") or {}
        data["payload_schema"] = data["payload_schema"] or {}
        return data | {"display": display}

    @staticmethod
    def values_of(category: ActionCategory) -> dict[str, Any]:
        """Return what the form starts from."""
        names = ("name", "description", "risk", "is_reversible", "is_archived")
        return {name: getattr(category, name) for name in names} | {
            "kind": category.display.get("kind", "fields"),
            "fields_shown": category.display.get("fields") or {},
            "payload_schema": category.payload_schema,
        }


class RightForm(forms.Form):
    """Choose a group or a person who does not have the right yet."""

    to = forms.ChoiceField(label="May approve")

    def __init__(
        self, *args: Any, row: CategoryRow, groups: Sequence[ApproverGroup], **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self._groups = {f"group:{group.slug}": group for group in groups}
        self._members = {
            f"member:{member.public_id}": member
            for member in active_members().filter(roles__contains=["approver"])
        }
        have = {f"group:{group.slug}" for group in row.groups}
        have |= {f"member:{member.public_id}" for member in row.members}
        choice = self.fields["to"]
        assert isinstance(choice, forms.ChoiceField)  # noqa: S101 - for the type checker
        choice.choices = [
            (
                "Groups",
                [(key, each.name) for key, each in self._groups.items() if key not in have],
            ),
            (
                "People",
                [(key, each.user.name) for key, each in self._members.items() if key not in have],
            ),
        ]

    def bearer(self) -> dict[str, ApproverGroup | Membership]:
        """Return what the service takes."""
        to = self.cleaned_data["to"]
        if to in self._groups:
            return {"group": self._groups[to]}
        return {"member": self._members[to]}


class EndpointForm(forms.Form):
    url = forms.URLField(
        label="Address", max_length=500, assume_scheme="https", help_text="https only."
    )
    description = forms.CharField(max_length=200, required=False)


class RotateSecretForm(forms.Form):
    hours = forms.TypedChoiceField(
        label="The old secret signs too for",
        coerce=int,
        choices=[(0, "no time"), (1, "1 hour"), (24, "1 day"), (168, "7 days")],
        initial=24,
    )

    @property
    def overlap(self) -> timedelta:
        return timedelta(hours=self.cleaned_data["hours"])
