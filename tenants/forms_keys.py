"""The forms of agents' keys. What is allowed is decided by the services."""

from datetime import timedelta
from typing import Any

from django import forms

from tenants.scopes import ALL, Scope
from tenants.services.key_limits import KeyLimits

_LINES = forms.Textarea(attrs={"rows": 2})


class KeyForm(forms.Form):
    """A new key. Scopes left out are none: what is not ticked is not opened."""

    label = forms.CharField(max_length=100, help_text="Where the key is kept, for example.")
    days = forms.TypedChoiceField(
        label="Works for",
        coerce=int,
        choices=[(7, "7 days"), (30, "30 days"), (90, "90 days"), (365, "365 days")],
        initial=90,
    )
    scopes = forms.MultipleChoiceField(
        label="Opens",
        choices=Scope.choices,
        initial=list(ALL),
        widget=forms.CheckboxSelectMultiple,
        help_text="It cannot be changed later: issue another key instead.",
    )
    categories = forms.CharField(
        label="Only for these categories",
        max_length=2200,
        required=False,
        widget=_LINES,
        help_text="One a line, like payments.transfer or payments.*. Empty: all.",
    )
    networks = forms.CharField(
        label="Only from these networks",
        max_length=1200,
        required=False,
        widget=_LINES,
        help_text="One a line, like 192.0.2.0/24 or 2001:db8::/32. Empty: from anywhere.",
    )
    needs_proof = forms.BooleanField(
        required=False,
        label="Only through tokens with a proof of possession",
        help_text="DPoP, RFC 9449: a stolen key or token alone is of no use.",
    )

    @property
    def lifetime(self) -> timedelta:
        return timedelta(days=self.cleaned_data["days"])

    @property
    def limits(self) -> KeyLimits:
        values: dict[str, Any] = self.cleaned_data
        return KeyLimits(
            scopes=tuple(values["scopes"]),
            categories=tuple(values["categories"].split()),
            networks=tuple(values["networks"].split()),
            needs_proof=values["needs_proof"],
        )


class LeakForm(forms.Form):
    since = forms.DateTimeField(
        label="What was done since",
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
        help_text="When it may have got into other hands; the key's issue to be safe.",
    )
    pause = forms.BooleanField(
        required=False,
        label="Pause the agent as well",
        help_text="Its other keys are refused too, until an owner lets it act again.",
    )
