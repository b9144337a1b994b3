"""Callback endpoints: where they are, and their secrets."""

from django import forms

from govapp.common.forms import OverlapForm, overlap_field


class EndpointForm(forms.Form):
    url = forms.CharField(
        label="Address",
        max_length=500,
        widget=forms.URLInput(attrs={"placeholder": "https://"}),
    )
    description = forms.CharField(
        label="What for", max_length=200, required=False, help_text="Which system listens there."
    )


class RotateSecretForm(OverlapForm):
    hours = overlap_field("The old secret signs too for")
