"""The forms of this floor's pages. What is allowed is decided by the services."""

from datetime import timedelta
from typing import Any, Final

from django import forms
from django.db.models import Q

from govapp.common.forms import OverlapForm, overlap_field
from govapp.common.zones import time_zones
from tenants.enums import Role, TrustTier
from tenants.models import Agent, ApproverGroup, Membership, Tenant
from tenants.office_hours import WEEK, holiday_countries
from tenants.selectors import active_members, members
from tenants.services.tenants import (
    DEEPEST_DELEGATION,
    LONGEST_CONTEST,
    LONGEST_READING,
    LONGEST_RETENTION,
    LONGEST_REVIEW,
    MOST_APPROVALS,
)

_ROLE_HELP: Final = {
    Role.OWNER: "people, keys, settings",
    Role.COMPLIANCE: "policies, audit, reports",
    Role.APPROVER: "may be given decisions",
    Role.AUDITOR: "reads everything, changes nothing",
}
_ROLE_CHOICES: Final = [(role.value, f"{role.label}: {_ROLE_HELP[role]}") for role in Role]
_TIME: Final = forms.TimeInput(attrs={"type": "time"}, format="%H:%M")
_ZONES: Final = [(name, name) for name in sorted(time_zones())]


class MemberChoice(forms.ModelChoiceField):  # type: ignore[type-arg]
    """One active member, named with the address."""

    def label_from_instance(self, obj: Any) -> str:
        return f"{obj.user.name} ({obj.user.email})"


class InviteForm(forms.Form):
    email = forms.EmailField(label="E-mail")
    name = forms.CharField(max_length=200, required=False)
    roles = forms.MultipleChoiceField(choices=_ROLE_CHOICES, widget=forms.CheckboxSelectMultiple)


class RolesForm(forms.Form):
    roles = forms.MultipleChoiceField(choices=_ROLE_CHOICES, widget=forms.CheckboxSelectMultiple)


class ManagerForm(forms.Form):
    """Choose to whom somebody reports: anybody else who is active, or nobody."""

    manager = MemberChoice(
        queryset=Membership.objects.none(),
        required=False,
        empty_label="Nobody",
        help_text="Rules can ask the manager of an agent's owner.",
    )

    def __init__(self, data: Any = None, *, member: Membership) -> None:
        super().__init__(data, initial={"manager": member.manager_id})
        choice = self.fields["manager"]
        # Whoever it is now stays to choose from, also when suspended.
        choice.queryset = (  # type: ignore[attr-defined]
            members()
            .filter(Q(pk__in=active_members().values("pk")) | Q(pk=member.manager_id))
            .exclude(pk=member.pk)
        )


class ReasonForm(forms.Form):
    reason = forms.CharField(max_length=300, help_text="It is kept in the record.")


class RetireForm(ReasonForm):
    is_sure = forms.BooleanField(
        label="I know that this is final",
        help_text="A retired agent never acts again; its name stays taken.",
    )


class EraseForm(forms.Form):
    reason = forms.CharField(
        max_length=300,
        help_text="It is kept in the record: write whose request it was without naming the person.",
    )
    is_sure = forms.BooleanField(
        label="I know that this is final",
        help_text="What is destroyed cannot be read by anybody any more.",
    )


class OptionalReasonForm(forms.Form):
    reason = forms.CharField(max_length=300, required=False, help_text="It is kept in the record.")


class AcceptForm(forms.Form):
    name = forms.CharField(label="Your name", max_length=200)
    password = forms.CharField(
        strip=False,
        help_text="At least 12 characters. A few words are better than one.",
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )


class GroupForm(forms.Form):
    name = forms.CharField(max_length=100)
    slug = forms.CharField(
        label="Short name", max_length=60, help_text="Policies use it. It cannot be changed."
    )
    description = forms.CharField(max_length=300, required=False)


class GroupMemberForm(forms.Form):
    """Choose somebody who is not in the group yet."""

    member = MemberChoice(queryset=Membership.objects.none(), label="Member")

    def __init__(self, *args: Any, group: ApproverGroup, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        inside = group.members.values("membership_id")
        choice = self.fields["member"]
        assert isinstance(choice, MemberChoice)  # noqa: S101 - for the type checker
        choice.queryset = active_members().exclude(pk__in=inside)


class AgentForm(forms.Form):
    name = forms.CharField(max_length=100)
    description = forms.CharField(max_length=500, required=False)
    owner = MemberChoice(
        queryset=Membership.objects.none(), help_text="Answers for it, and never approves for it."
    )
    trust_tier = forms.ChoiceField(
        choices=TrustTier,
        help_text="Rules may ask for it. What it does lowers it; only a person raises it.",
    )
    labels = forms.CharField(required=False, help_text="Separated by commas.")
    needs_proof = forms.BooleanField(
        required=False,
        label="Its keys work only through tokens with a proof of possession",
        help_text="DPoP, RFC 9449: a stolen key or token alone is of no use.",
    )

    def __init__(self, *args: Any, is_new: bool = True, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not is_new:
            del self.fields["trust_tier"]
        choice = self.fields["owner"]
        assert isinstance(choice, MemberChoice)  # noqa: S101 - for the type checker
        choice.queryset = active_members()

    def clean_labels(self) -> list[str]:
        return [label.strip() for label in self.cleaned_data["labels"].split(",") if label.strip()]

    @staticmethod
    def values_of(agent: Agent) -> dict[str, Any]:
        """Return what the form starts from."""
        return {
            "name": agent.name,
            "description": agent.description,
            "owner": agent.owner_id,
            "labels": ", ".join(agent.labels),
            "needs_proof": agent.needs_proof,
        }


class TokenForm(forms.Form):
    label = forms.CharField(max_length=100, help_text="Which program uses it, for example.")
    days = forms.TypedChoiceField(
        label="Works for",
        coerce=int,
        choices=[(1, "1 day"), (7, "7 days"), (30, "30 days"), (90, "90 days")],
        initial=30,
    )

    @property
    def lifetime(self) -> timedelta:
        return timedelta(days=self.cleaned_data["days"])


class RotateForm(OverlapForm):
    hours = overlap_field("The old key works for")


class RetentionForm(forms.Form):
    retention_days = forms.IntegerField(
        label="Days",
        min_value=1,
        max_value=LONGEST_RETENTION,
        help_text="Six months are 184 days, one year 366, six years 2192.",
    )


class ContestForm(forms.Form):
    contest_text = forms.CharField(
        label="What people read",
        max_length=LONGEST_CONTEST,
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="Who takes objections, where, and how soon they answer.",
    )


class SettingsForm(forms.Form):
    name = forms.CharField(max_length=200)
    time_zone = forms.ChoiceField(choices=_ZONES)
    fallback_group = forms.ChoiceField(
        required=False, help_text="Is added when a quorum can no longer be reached."
    )
    business_days = forms.TypedMultipleChoiceField(
        required=False,
        coerce=int,
        choices=list(enumerate(WEEK)),
        widget=forms.CheckboxSelectMultiple,
        help_text="None: rules about business hours cannot be evaluated, and count as strict.",
    )
    business_from = forms.TimeField(label="Office opens", widget=_TIME)
    business_to = forms.TimeField(label="Office closes", widget=_TIME)
    holiday_country = forms.ChoiceField(
        label="Public holidays of",
        required=False,
        help_text="They are no business days.",
    )
    weakening_reviewers = forms.TypedChoiceField(
        label="A policy that weakens is confirmed by",
        coerce=int,
        choices=[(1, "1 person"), *((n, f"{n} people") for n in range(2, 6))],
        help_text="Besides whoever proposed it.",
    )
    reading_seconds = forms.IntegerField(
        label="High risk is looked at before it is approved, in seconds",
        min_value=0,
        max_value=LONGEST_READING,
        help_text="0: no minimum. A denial never waits.",
    )
    approvals_per_hour = forms.IntegerField(
        label="Approvals by one person in an hour, at most",
        required=False,
        min_value=1,
        max_value=MOST_APPROVALS,
        help_text="Empty: no limit.",
    )
    delegation_depth = forms.IntegerField(
        label="A task may be handed on from agent to agent, times",
        min_value=0,
        max_value=DEEPEST_DELEGATION,
        help_text="0: not at all. Each time with no more rights than before.",
    )
    break_glass_review_hours = forms.IntegerField(
        label="An emergency approval is reviewed within, in hours",
        min_value=1,
        max_value=LONGEST_REVIEW,
        help_text="By somebody else. Owners are told when it is late.",
    )
    link_voting = forms.BooleanField(
        required=False, label="Low-risk requests may be decided from an e-mailed link"
    )
    single_person_publishing = forms.BooleanField(
        required=False,
        label="Whoever proposes a policy may publish it",
        help_text="It is recorded, and every report says so.",
    )
    canaries = forms.BooleanField(
        required=False,
        label="Canaries may be mixed into what approvers are asked",
        help_text="Compliance plans them; they are never executed, and show whether people look.",
    )

    def __init__(self, *args: Any, groups: list[ApproverGroup], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choice = self.fields["fallback_group"]
        assert isinstance(choice, forms.ChoiceField)  # noqa: S101 - for the type checker
        choice.choices = [("", "None"), *((group.slug, group.name) for group in groups)]
        country = self.fields["holiday_country"]
        assert isinstance(country, forms.ChoiceField)  # noqa: S101 - for the type checker
        country.choices = [
            ("", "No country: holidays are days like others"),
            *holiday_countries().items(),
        ]

    @staticmethod
    def values_of(tenant: Tenant) -> dict[str, Any]:
        """Return what the form starts from."""
        names = (
            "name", "time_zone", "fallback_group", "business_days", "business_from", "business_to",
            "holiday_country", "weakening_reviewers", "link_voting", "single_person_publishing",
            "canaries",
            "reading_seconds", "approvals_per_hour", "break_glass_review_hours", "delegation_depth",
        )  # fmt: skip
        return {name: getattr(tenant, name) for name in names}
