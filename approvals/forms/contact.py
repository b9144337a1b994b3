"""How somebody wants to be told, and the company's words in messages."""

from typing import Any, Final

from django import forms

from approvals.enums import Digest, NotificationChannel
from approvals.models import ContactPreference
from approvals.services.message_templates import LONGEST
from govapp.common.zones import time_zones

_TIME: Final = forms.TimeInput(attrs={"type": "time"}, format="%H:%M")
_PLACES: Final = ("first", "second", "third")


class PreferenceForm(forms.Form):
    first = forms.ChoiceField(label="Tell me by")
    second = forms.ChoiceField(
        label="When that fails", required=False, help_text="E-mail is always the last resort."
    )
    third = forms.ChoiceField(label="When that fails too", required=False)
    digest = forms.ChoiceField(
        label="What can wait",
        choices=Digest.choices,
        help_text="A question waits only when an hour or more is left to decide afterwards.",
    )
    digest_at = forms.TimeField(label="Once a day at", required=False, widget=_TIME)
    quiet_from = forms.TimeField(
        label="Quiet hours from",
        required=False,
        widget=_TIME,
        help_text="Only what is urgent is sent then: escalations, alerts and what expires.",
    )
    quiet_until = forms.TimeField(label="Quiet hours until", required=False, widget=_TIME)
    time_zone = forms.ChoiceField(required=False)
    wants_outcomes = forms.BooleanField(
        label="Tell me how it ended",
        required=False,
        help_text="Outcomes, and what is only for information. Questions are always sent.",
    )

    def __init__(self, *args: Any, reachable: frozenset[str], zone: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        named = [
            (value, label if value in reachable else f"{label} (not connected)")
            for value, label in NotificationChannel.choices
        ]
        for name, choices in zip(
            _PLACES, (named, *[[("", "nothing else"), *named]] * 2), strict=True
        ):
            field = self.fields[name]
            if isinstance(field, forms.ChoiceField):
                field.choices = choices
        zones = self.fields["time_zone"]
        if isinstance(zones, forms.ChoiceField):
            company = ("", f"The company's ({zone})")
            zones.choices = [company, *((each, each) for each in sorted(time_zones()))]

    @staticmethod
    def values_of(preference: ContactPreference) -> dict[str, Any]:
        """Return what the form starts with."""
        channels = preference.channels or [NotificationChannel.EMAIL.value]
        return {
            **dict(zip(_PLACES, channels, strict=False)),
            "digest": preference.digest,
            "digest_at": preference.digest_at,
            "quiet_from": preference.quiet_from,
            "quiet_until": preference.quiet_until,
            "time_zone": preference.time_zone,
            "wants_outcomes": preference.wants_outcomes,
        }

    @property
    def wanted(self) -> dict[str, Any]:
        """Return what `save_preference` takes."""
        data = dict(self.cleaned_data)
        places = [data.pop(name) for name in _PLACES]
        return {**data, "channels": [each for each in places if each]}


class TemplateForm(forms.Form):
    subject = forms.CharField(
        max_length=LONGEST["subject"], required=False, help_text="Empty: our subject."
    )
    opening = forms.CharField(
        label="Under the heading",
        required=False,
        max_length=LONGEST["opening"],
        widget=forms.Textarea(attrs={"rows": 4}),
    )
    closing = forms.CharField(
        label="At the end",
        required=False,
        max_length=LONGEST["closing"],
        widget=forms.Textarea(attrs={"rows": 4}),
    )
