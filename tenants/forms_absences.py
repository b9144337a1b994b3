"""The forms of absences. What is allowed is decided by the services."""

from datetime import datetime, time, timedelta
from typing import Any, Final

from django import forms
from django.db.models import QuerySet
from django.utils import timezone

from tenants.calendars import LARGEST_FILE
from tenants.enums import Role
from tenants.forms import MemberChoice
from tenants.models import Absence, Membership
from tenants.selectors import active_members, members_with_role

_DAY: Final = forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
_TIME: Final = forms.TimeInput(attrs={"type": "time"}, format="%H:%M")


class StandInForm(forms.Form):
    """Who is away and who stands in. Only owners choose who is away."""

    member = MemberChoice(label="Who is away", queryset=Membership.objects.none(), required=False)
    stand_in = MemberChoice(
        label="Who stands in",
        queryset=Membership.objects.none(),
        required=False,
        empty_label="Nobody",
        help_text=(
            "An approver. Their vote counts as this person's, and uses up the word of both."
            " It goes no further: if they are away as well, nobody stands in."
        ),
    )

    def __init__(self, *args: Any, actor: Membership, chooses: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.actor = actor
        if chooses:
            self._offer("member", active_members())
            self.fields["member"].required = True
            self.fields["member"].initial = actor.pk
        else:
            del self.fields["member"]
        able = members_with_role(Role.APPROVER)
        self._offer("stand_in", able if chooses else able.exclude(pk=actor.pk))

    def _offer(self, name: str, rows: QuerySet[Membership]) -> None:
        field = self.fields[name]
        assert isinstance(field, MemberChoice)  # noqa: S101 - for the type checker
        field.queryset = rows

    @property
    def member_or_actor(self) -> Membership:
        """Who is away."""
        chosen: Membership = self.cleaned_data.get("member") or self.actor
        return chosen


class AbsenceForm(StandInForm):
    """Days away, or parts of days, in the tenant's time."""

    # Named as what the service takes, so that what it refuses is shown where the day was typed.
    starts_at = forms.DateField(label="First day", widget=_DAY)
    from_time = forms.TimeField(
        label="From",
        help_text="Without a time: from the beginning of the day.",
        required=False,
        widget=_TIME,
    )
    ends_at = forms.DateField(label="Last day", widget=_DAY)
    to_time = forms.TimeField(
        label="Until",
        help_text="Without a time: to the end of the day.",
        required=False,
        widget=_TIME,
    )
    note = forms.CharField(
        max_length=200,
        required=False,
        help_text="Only the person themselves and owners read it.",
    )
    field_order = (
        "member", "starts_at", "from_time", "ends_at", "to_time", "stand_in", "note",
    )  # fmt: skip

    @property
    def values(self) -> dict[str, Any]:
        """What the service takes: instants, and the end does not belong to it."""
        data = self.cleaned_data
        starts_at = _local(data["starts_at"], data["from_time"] or time())
        last = data["ends_at"]
        to_time = data["to_time"]
        ends_at = _local(last, to_time) if to_time else _local(last + timedelta(days=1), time())
        return {
            "stand_in": data["stand_in"],
            "starts_at": starts_at,
            "ends_at": ends_at,
            "note": data["note"],
        }

    @staticmethod
    def initial_of(absence: Absence) -> dict[str, Any]:
        """Return what the form starts from."""
        zone = timezone.get_current_timezone()
        start, end = absence.starts_at.astimezone(zone), absence.ends_at.astimezone(zone)
        whole = end.time() == time()
        return {
            "member": absence.member_id,
            "starts_at": start.date(),
            "from_time": start.time() if start.time() != time() else None,
            "ends_at": (end - timedelta(days=1)).date() if whole else end.date(),
            "to_time": None if whole else end.time(),
            "stand_in": absence.stand_in_id,
            "note": absence.note,
        }


class CalendarForm(StandInForm):
    """A calendar file. Nothing is entered before it has been looked at."""

    ics = forms.FileField(
        label="Calendar file",
        help_text=(
            f"An .ics file of at most {LARGEST_FILE // 1024} KB, as Outlook, Google and Apple"
            " calendars export it. Only times are kept, no titles."
        ),
        widget=forms.ClearableFileInput(attrs={"accept": ".ics,text/calendar"}),
    )

    field_order = ("member", "ics", "stand_in")

    def clean_ics(self) -> bytes:
        """Return what is in the file."""
        file = self.cleaned_data["ics"]
        if file.size > LARGEST_FILE:
            raise forms.ValidationError(f"The file is larger than {LARGEST_FILE // 1024} KB.")
        content: bytes = file.read()
        return content


class ChosenForm(StandInForm):
    """What was chosen of a calendar that was looked at; the file comes back with the form."""

    file = forms.CharField(widget=forms.HiddenInput)
    chosen = forms.MultipleChoiceField(required=False)

    def __init__(self, *args: Any, keys: list[str] | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["chosen"]
        assert isinstance(field, forms.MultipleChoiceField)  # noqa: S101 - for the type checker
        field.choices = [(key, key) for key in keys or []]


def _local(day: Any, at: time) -> datetime:
    return datetime.combine(day, at, tzinfo=timezone.get_current_timezone())
