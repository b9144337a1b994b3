"""Callback endpoints: where they are, and their secrets."""

from datetime import timedelta

from django import forms


class EndpointForm(forms.Form):
    url = forms.CharField(
        label="Address",
        max_length=500,
        widget=forms.URLInput(attrs={"placeholder": "https://"}),
    )
    description = forms.CharField(
        label="What for", max_length=200, required=False, help_text="Which system listens there."
    )


class RotateSecretForm(forms.Form):
    hours = forms.TypedChoiceField(
        label="The old secret signs too for",
        coerce=int,
        choices=[(0, "no longer"), (1, "1 hour"), (24, "1 day"), (168, "7 days")],
        initial=24,
    )

    @property
    def overlap(self) -> timedelta:
        return timedelta(hours=self.cleaned_data["hours"])
