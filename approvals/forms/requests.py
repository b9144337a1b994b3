"""What people write about a request: a decision, or why it ends."""

from django import forms

from approvals.enums import Verdict


class VoteForm(forms.Form):
    """A decision. `seen` is what was shown and when, signed (`approvals.ballots`)."""

    seen = forms.CharField(widget=forms.HiddenInput)
    verdict = forms.ChoiceField(choices=Verdict)
    reason = forms.CharField(
        required=False, strip=True, max_length=4000, widget=forms.Textarea(attrs={"rows": 3})
    )
    # Asked for where a rule wants step-up; never written back into the page.
    code = forms.CharField(required=False, max_length=20)
    # Whose word it is, by the member's id: the reader's own, or of somebody who is away.
    stands_for = forms.CharField(required=False, max_length=60)


class CancelForm(forms.Form):
    reason = forms.CharField(
        required=False, max_length=2000, help_text="Optional. The agent and the record get it."
    )


class WithdrawForm(forms.Form):
    reason = forms.CharField(max_length=2000, help_text="It is kept in the record.")
