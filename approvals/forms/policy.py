"""Writing a policy version, and publishing one."""

from typing import Final

from django import forms

from approvals.forms.listing import ListedForm
from approvals.policies import PolicyInvalid, load_policy

ATTESTATION: Final = (
    "I confirm that I have read every sentence of this version and that it is what we decided."
)


class PolicyForm(ListedForm):
    """A policy document as text. `problems` says where it is wrong."""

    listed = "source"

    source = forms.CharField(
        label="Document (YAML)",
        strip=False,
        widget=forms.Textarea(attrs={"spellcheck": "false", "autocapitalize": "off"}),
    )
    remark = forms.CharField(
        required=False, max_length=500, help_text="What changes, and why. It is kept."
    )

    def clean_source(self) -> str:
        # Browsers send CRLF whatever was typed; kept as it would be in a file.
        source: str = self.cleaned_data["source"].replace("\r\n", "\n")
        try:
            load_policy(source)
        except PolicyInvalid as invalid:
            raise self.refuse(invalid.problems) from None
        return source


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
