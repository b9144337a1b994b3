"""What this floor holds of a person; registered when Django starts."""

from collections.abc import Sequence
from typing import Any

from django.db.models import Q, QuerySet, TextField
from django.db.models.functions import Cast, Concat

from approvals.enums import PolicyStatus
from approvals.models import (
    ActionRequest,
    ChatAccount,
    Comment,
    ContactPreference,
    PolicyDraft,
    PolicyVersion,
    PushSubscription,
    Run,
    RunStep,
    SavedFilter,
    Vote,
)
from govapp.common.forgetting import whole_words, whole_words_in_json
from tenants.erasers import Eraser, register_eraser
from tenants.models import Membership

_OPEN = (PolicyStatus.LIVE, PolicyStatus.SCHEDULED, PolicyStatus.IN_REVIEW)


def find_hindrances(member: Membership) -> Sequence[str]:
    """Rules that ask somebody by name would ask nobody."""
    address = whole_words(member.user.email)
    versions = PolicyVersion.objects.filter(status__in=_OPEN, source__iregex=address)
    drafts = PolicyDraft.objects.filter(
        source__iregex=address, submitted_as=None, discarded_at=None
    )
    return [
        *(f"Policy version {each.number} names them." for each in versions.order_by("number")),
        *(f"The policy draft “{each.title}” names them." for each in drafts.order_by("pk")),
    ]


def count_traces(member: Membership) -> Sequence[tuple[str, int]]:
    """What will go, and what will stay without its words."""
    return [
        ("requests that name them", len(_requests_that_name(member))),
        ("runs that name them", len(_runs_that_name(member))),
        ("reasons of votes", Vote.objects.filter(member=member).exclude(reason="").count()),
        ("comments", Comment.objects.filter(author=member).count()),
        *((words, rows.count()) for words, rows in _removed(member)),
    ]


def find_subjects(member: Membership) -> Sequence[str]:
    """Requests and runs that name the person: what an agent wrote cannot be told apart by word.

    Reads every request and every step of the account.
    """
    return [*_requests_that_name(member), *_runs_that_name(member)]


def _requests_that_name(member: Membership) -> list[str]:
    written = Concat(
        Cast("payload", TextField()), Cast("sources", TextField()), Cast("facts", TextField()),
    )  # fmt: skip
    places = ("summary", "reason", "on_behalf_of", "execution_note")
    # What its steps had read is told with a request of a run.
    wanted = _naming(member, *places) | Q(run__in=_runs_naming(member).values("pk"))
    requests = ActionRequest.objects.alias(written=written).filter(wanted)
    return [each.public_id for each in requests.order_by("pk").iterator()]


def _runs_that_name(member: Membership) -> list[str]:
    return [each.public_id for each in _runs_naming(member).order_by("pk").iterator()]


def _runs_naming(member: Membership) -> QuerySet[Run]:
    """By what their agents said of them and of their steps."""
    steps = RunStep.objects.alias(written=Cast("source", TextField()))
    of_step = steps.filter(_naming(member, "key", "title")).values("run_id")
    return Run.objects.filter(
        _naming(member, "key", "title", "note", written=False) | Q(pk__in=of_step)
    )


def _naming(member: Membership, *places: str, written: bool = True) -> Q:
    """Whole words, in any case: a short name lies in many words, and an address in longer ones.

    What is found is destroyed, so it must be nobody else's.
    With `written`, in the JSON of that name as well.
    """
    found = Q()
    for text in filter(None, (member.user.name, member.user.email)):
        for place in places:
            found |= Q(**{f"{place}__iregex": whole_words(text)})
        if written:
            found |= Q(written__iregex=whole_words_in_json(text))
    return found


def remove_traces(member: Membership) -> None:
    """How the person is told, and what they kept for themselves."""
    for _, rows in _removed(member):
        rows.delete()


def _removed(member: Membership) -> list[tuple[str, QuerySet[Any]]]:
    return [
        ("addresses in chats", ChatAccount.objects.filter(member=member)),
        ("devices for notifications", PushSubscription.objects.filter(member=member)),
        ("contact preferences", ContactPreference.objects.filter(member=member)),
        ("saved filters", SavedFilter.objects.filter(member=member)),
    ]


register_eraser(Eraser(find_hindrances, count_traces, find_subjects, remove_traces))
