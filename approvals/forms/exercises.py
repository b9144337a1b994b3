"""What a drill or canary looks like: the payload's fields from the category's schema."""

from typing import Any

from django import forms

from approvals.forms.trial import TrialForm
from approvals.models import ActionCategory
from approvals.services.exercises import MOST_DAYS, Sample
from tenants.models import Agent


class SampleForm(TrialForm):
    """What people are shown, as if the agent had sent it."""

    summary = forms.CharField(max_length=500, help_text="The sentence that people read first.")
    reason = forms.CharField(
        required=False,
        max_length=2000,
        help_text="As the agent would give it.",
        widget=forms.Textarea(attrs={"rows": 2}),
    )
    environment = None  # type: ignore[assignment]
    confidence = None  # type: ignore[assignment]
    on_behalf_of = None  # type: ignore[assignment]
    integration = None  # type: ignore[assignment]
    run = None  # type: ignore[assignment]

    def __init__(self, *args: Any, category: ActionCategory, **kwargs: Any) -> None:
        super().__init__(*args, category=category, **kwargs)
        first = {name: self.fields[name] for name in ("summary", "reason")}
        self.fields = first | self.fields

    @property
    def own_fields(self) -> list[forms.BoundField]:
        """What is not the payload."""
        return [self[name] for name in self.fields if not name.startswith("payload")]

    def to_sample(self, agent: Agent) -> Sample:
        """Return what is sent."""
        said = self.cleaned_data
        return Sample(agent, self._category, said["summary"], said["payload"], said["reason"])


class CanaryForm(SampleForm):
    """A canary has a name and comes again."""

    name = forms.CharField(max_length=100, help_text="For compliance only.")
    every_days = forms.IntegerField(
        min_value=1, max_value=MOST_DAYS, initial=30, label="Every so many days"
    )
