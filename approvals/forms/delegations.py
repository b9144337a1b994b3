"""Cutting a delegation."""

from django import forms


class RevokeForm(forms.Form):
    """Why somebody cuts it."""

    reason = forms.CharField(
        max_length=500,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text="It is recorded, and cannot be taken back.",
    )
