"""The forms of the kill switch. What is allowed is decided by the services."""

from typing import Final

from django import forms

from tenants.enums import KillPending, KillScope

LONGEST: Final = 500
_CODE: Final = {"spellcheck": "false", "autocapitalize": "off", "autocomplete": "off"}


class TargetForm(forms.Form):
    """What to stop, by its name or id: for what is not in the list."""

    scope = forms.ChoiceField(label="What it is", choices=KillScope)
    ref = forms.CharField(
        label="Its name or id",
        max_length=100,
        required=False,
        widget=forms.TextInput(attrs=_CODE),
        help_text="ag_… of an agent, dg_… of a delegation, the short name of an integration,"
        " payments.transfer, or payments.* for every category under payments.",
    )


class StopForm(forms.Form):
    """Why it is stopped, and what becomes of what waits."""

    scope = forms.CharField(widget=forms.HiddenInput)
    ref = forms.CharField(widget=forms.HiddenInput, required=False)
    reason = forms.CharField(
        max_length=LONGEST,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
        help_text="It is kept in the record. Agents do not see it.",
    )
    pending = forms.ChoiceField(
        label="Requests that wait for people",
        choices=KillPending,
        initial=KillPending.HOLD,
        widget=forms.RadioSelect,
    )


class ResumeForm(forms.Form):
    reason = forms.CharField(max_length=LONGEST, help_text="It is kept in the record.")
