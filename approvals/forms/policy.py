"""Writing a policy version, and publishing one."""

from typing import Final

from django import forms

ATTESTATION: Final = (
    "I confirm that I have read every sentence of this version and that it is what we decided."
)


class PublishForm(forms.Form):
    attestation = forms.CharField(
        label="Your confirmation",
        max_length=500,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="Change the words if yours differ.",
    )
    starts_at = forms.DateTimeField(
        required=False,
        label="Live from",
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
        help_text="Empty: from now on. In your organisation's time zone.",
    )
