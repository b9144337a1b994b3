"""The forms of the kill switch. What is allowed is decided by the services."""

from typing import Any, Final

from django import forms

from tenants import rules
from tenants.enums import KillPending, KillScope
from tenants.models import Membership
from tenants.selectors import agents

LONGEST: Final = 500


class StopForm(forms.Form):
    """What to stop, what becomes of what waits, and why."""

    scope = forms.ChoiceField(label="What to stop", choices=KillScope, widget=forms.RadioSelect)
    agent = forms.ChoiceField(label="Which agent", required=False, help_text="Only for one agent.")
    ref = forms.CharField(
        label="Which one",
        max_length=100,
        required=False,
        help_text="For an integration its name; for categories payments.transfer, or payments.*"
        " for all below; for a delegation its id.",
    )
    pending = forms.ChoiceField(
        label="Requests that wait for people",
        choices=KillPending,
        initial=KillPending.HOLD,
        widget=forms.RadioSelect,
    )
    reason = forms.CharField(
        label="Why", max_length=LONGEST, help_text="It is kept in the record. Agents do not see it."
    )

    def __init__(self, data: Any = None, *, member: Membership, **kwargs: Any) -> None:
        super().__init__(data, **kwargs)
        scope, agent = self.fields["scope"], self.fields["agent"]
        mine = [each for each in agents() if rules.may_throw_kill_switch(member, each)]
        listed = [
            (each.public_id, f"{each.name}, owned by {each.owner.user.name}") for each in mine
        ]
        agent.choices = [("", "Choose an agent"), *listed]  # type: ignore[attr-defined]
        if not rules.may_throw_kill_switch(member, None):
            only = [(KillScope.AGENT.value, KillScope.AGENT.label)]
            scope.choices = only  # type: ignore[attr-defined]
            del self.fields["ref"]

    @property
    def target(self) -> dict[str, str]:
        """Return scope and ref."""
        scope = self.cleaned_data["scope"]
        which = "agent" if scope == KillScope.AGENT else "ref"
        return {"scope": scope, "ref": self.cleaned_data.get(which, "")}

    @property
    def asked(self) -> dict[str, str]:
        """Return what the services take."""
        return self.target | {name: self.cleaned_data[name] for name in ("pending", "reason")}


class ResumeForm(forms.Form):
    reason = forms.CharField(label="Why it may go on", max_length=LONGEST)
