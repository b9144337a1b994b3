"""What people write about a request: a decision, or why it ends."""

from django import forms

from approvals.enums import ReviewOutcome, Verdict
from approvals.services.step_up import ACTS
from tenants.services.second_factor import CodeProof, PasskeyProof, Proof


class VoteForm(forms.Form):
    """A decision. `seen` is what was shown and when, signed (`approvals.ballots`)."""

    seen = forms.CharField(widget=forms.HiddenInput)
    verdict = forms.ChoiceField(choices=Verdict)
    reason = forms.CharField(
        required=False, strip=True, max_length=4000, widget=forms.Textarea(attrs={"rows": 3})
    )
    # Asked for where a rule wants step-up, one of them; never written back into the page.
    code = forms.CharField(required=False, max_length=20)
    passkey = forms.CharField(required=False, max_length=20_000)
    # Whose word it is, by the member's id: the reader's own, or of somebody who is away.
    stands_for = forms.CharField(required=False, max_length=60)

    def proof(self) -> Proof | None:
        """Return the second factor that was given, if any."""
        return read_proof(self)


class BreakGlassForm(forms.Form):
    """An approval alone. `seen` as in a vote."""

    seen = forms.CharField(widget=forms.HiddenInput)
    reason = forms.CharField(
        max_length=4000,
        label="Reason it cannot wait",
        help_text="At least 20 characters. Everybody concerned reads it, and so does the record.",
        widget=forms.Textarea(attrs={"rows": 3, "minlength": 20}),
    )
    code = forms.CharField(required=False, max_length=20)
    passkey = forms.CharField(required=False, max_length=20_000)

    def proof(self) -> Proof | None:
        """Return the second factor that was given, if any."""
        return read_proof(self)


class PasskeyForm(forms.Form):
    """What a passkey is to be asked for: an act, on what was seen."""

    seen = forms.CharField()
    act = forms.RegexField(ACTS)


class ReviewForm(forms.Form):
    """What somebody else found of an emergency approval."""

    outcome = forms.ChoiceField(choices=ReviewOutcome, widget=forms.RadioSelect)
    remark = forms.CharField(
        max_length=4000,
        help_text="What you looked at, and what you found. It is kept in the record.",
        widget=forms.Textarea(attrs={"rows": 4}),
    )


class CancelForm(forms.Form):
    reason = forms.CharField(
        required=False, max_length=2000, help_text="Optional. The agent and the record get it."
    )


class WithdrawForm(forms.Form):
    reason = forms.CharField(max_length=2000, help_text="It is kept in the record.")


class RollbackForm(forms.Form):
    reason = forms.CharField(
        label="Reason to take it back",
        max_length=4000,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="Who decides on it reads this, and it is kept in the record.",
    )


def read_proof(form: forms.Form) -> Proof | None:
    """Return the second factor of a form; a passkey's answer before a code."""
    if answer := form.cleaned_data["passkey"]:
        return PasskeyProof(answer)
    return CodeProof(form.cleaned_data["code"]) if form.cleaned_data["code"] else None


class TakeBackForm(forms.Form):
    reason = forms.CharField(
        required=False, max_length=2000, help_text="Optional. Kept in the record."
    )
