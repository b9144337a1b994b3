"""What waits for a person, found in the database: one statement, however much there is.

`decidable_by` says in SQL what `approvers.standing_of` says for one request at a time; a test
holds the two together.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import reduce
from operator import or_
from typing import Any, Final
from uuid import UUID

from django.db.models import (
    Case,
    CharField,
    Exists,
    F,
    Func,
    IntegerField,
    JSONField,
    Max,
    OuterRef,
    Q,
    QuerySet,
    TextField,
    Value,
    When,
)
from django.db.models.functions import Cast, Lower

from approvals.enums import NotificationKind, RequestStatus, StageStatus, Verdict
from approvals.guarding import shown_payload
from approvals.models import (
    ActionRequest,
    CategoryGroupPermission,
    CategoryUserPermission,
    Notification,
    RequirementStage,
    Vote,
)
from approvals.rules import may_be_approver
from approvals.selectors.approvers import Standing, judge, missing_on
from approvals.selectors.board import Board, load_boards, seats_of
from approvals.selectors.open_seats import OpenSeats, read_open_seats
from approvals.selectors.payload_brief import BRIEF_BYTES, Brief, brief_payload
from approvals.selectors.people import APPROVE, Person, load_person
from govapp.common.api.pagination import Position
from tenants.models import GroupMember, Membership
from tenants.selectors.absences import standing_in_for

PAGE_SIZE: Final = 50
MOST_COUNTED: Final = 100
_BLANKS: Final = " \t\n\r\f\v"


@dataclass(frozen=True)
class InboxFilters:
    """What the inbox is narrowed to. An empty value does not narrow."""

    text: str = ""
    risk: str = ""
    agent: str = ""
    after: Position | None = None


def is_narrowed(filters: InboxFilters) -> bool:
    """Tell whether something may wait that the filters, or the place of the page, leave out."""
    return any((filters.text, filters.risk, filters.agent, filters.after))


@dataclass(frozen=True)
class InboxEntry:
    """One request with what its row says."""

    request: ActionRequest
    rules: tuple[str, ...]
    seats: tuple[str, ...]  # the verdict in each seat of the open stages; "" is empty
    missing: str
    facts: Brief
    vote: Vote | None = None
    board: Board | None = None  # of what is pending
    standing: Standing | None = None  # only of a stand-in: in whose names they may decide


@dataclass(frozen=True)
class InboxPage:
    """Some entries, and where the next page begins (None: there is none)."""

    entries: Sequence[InboxEntry]
    next_position: Position | None


def decidable_by(member: Membership, seats: OpenSeats | None = None) -> QuerySet[ActionRequest]:
    """Return the pending requests on which this member may vote now, the deadline aside.

    In their own name, or for somebody who is away. What `seats` says is read when it is not
    given: then one statement is sent at once, two for a stand-in.
    """
    if not may_be_approver(member):
        return ActionRequest.objects.none()
    seats = seats or read_open_seats(member)
    giveable = _may_give(seats, member)
    for absent in seats.absent:
        lent = _may_give(seats, absent, by=member)
        giveable += [each & ~_is_used_up(absent) for each in lent]
    if not giveable:
        return ActionRequest.objects.none()
    return (
        ActionRequest.objects.filter(status=RequestStatus.PENDING)
        .filter(~_is_used_up(member))
        .alias(behalf=Lower(_trimmed("on_behalf_of")))
        .filter(reduce(or_, giveable))
    )


def _may_give(seats: OpenSeats, member: Membership, *, by: Membership | None = None) -> list[Q]:
    """When an open seat means the member, whose word is given by themselves or a stand-in."""
    side = _agents_side(member) | _agents_side(by) if by else _agents_side(member)
    found = []
    for condition, shapes in seats.meaning(member, by=by):
        open_for_me = RequirementStage.objects.filter(
            request=OuterRef("pk"), status=StageStatus.OPEN, shape__in=shapes
        )
        together = open_for_me.filter(requirement__separation_of_duties=False)
        is_free = ~side | Q(Exists(together))
        found.append(_has_right(member) & condition & Q(Exists(open_for_me)) & is_free)
    return found


def _is_used_up(member: Membership) -> Q:
    """Whether the member's word has been given, by themselves or by a stand-in."""
    votes = Vote.objects.filter(request=OuterRef("pk"), voided_at=None)
    return Q(Exists(votes.filter(Q(member=member) | Q(stands_for=member))))


def count_decidable(member: Membership, seats: OpenSeats | None = None) -> int:
    """Return how much waits for this member, at most `MOST_COUNTED`.

    One statement, none for who is no approver or whom no open seat means; `seats` as in
    `decidable_by`. Nobody counts on in thousands, and a menu that did would cost more than the
    page.
    """
    return decidable_by(member, seats)[:MOST_COUNTED].count() if may_be_approver(member) else 0


def read_inbox(
    member: Membership,
    filters: InboxFilters,
    *,
    everything: bool,
    seats: OpenSeats | None = None,
) -> InboxPage:
    """Return a page of what is pending, most urgent first: for the member, or everything.

    Three statements; for a stand-in one more for each category on the page. `seats` as in
    `decidable_by`.
    """
    rows = (
        ActionRequest.objects.filter(status=RequestStatus.PENDING)
        if everything
        else decidable_by(member, seats)
    )
    rows = _shown(rows.filter(_narrowed(filters)))
    if filters.after is not None:
        after = filters.after
        rows = rows.filter(deadline_at__gte=after.at).filter(
            Q(deadline_at__gt=after.at) | Q(deadline_at=after.at, pk__gt=after.ident)
        )
    found = list(rows.order_by("deadline_at", "pk")[: PAGE_SIZE + 1])
    is_stand_in = not everything and bool(seats.absent if seats else standing_in_for(member))
    entries = _entries(member if is_stand_in else None, load_boards(found[:PAGE_SIZE]))
    last = found[PAGE_SIZE - 1] if len(found) > PAGE_SIZE else None
    position = Position(last.deadline_at, last.pk) if last and last.deadline_at else None
    return InboxPage(entries, position)


def read_selected(member: Membership, idents: Sequence[UUID]) -> list[InboxEntry]:
    """Return those of these requests on which the member may vote now, in the order given.

    Three statements; for a stand-in one more for each category.
    """
    found = {row.pk: row for row in _shown(decidable_by(member).filter(pk__in=idents))}
    boards = load_boards([found[i] for i in idents if i in found])
    return _entries(member if standing_in_for(member) else None, boards)


def read_decided(member: Membership, filters: InboxFilters) -> InboxPage:
    """Return a page of what the member voted on, the latest first. Two statements."""
    votes = _votes_of(member).filter(_narrowed(filters, "request__"))
    if filters.after is not None:
        after = filters.after
        votes = votes.filter(cast_at__lte=after.at).filter(
            Q(cast_at__lt=after.at) | Q(cast_at=after.at, pk__lt=after.ident)
        )
    votes = votes.select_related("request__agent", "request__category").order_by("-cast_at", "-pk")
    votes = _with_brief(votes, "request__payload")
    heavy = ("payload", "trace", "facts", "sources", "reason")
    found = list(votes.defer(*(f"request__{name}" for name in heavy))[: PAGE_SIZE + 1])
    entries = [
        InboxEntry(vote.request, (), (), "", _facts(vote.request, vote), vote)
        for vote in found[:PAGE_SIZE]
    ]
    last = found[PAGE_SIZE - 1] if len(found) > PAGE_SIZE else None
    return InboxPage(entries, Position(last.cast_at, last.pk) if last else None)


def last_waited(member: Membership) -> datetime | None:
    """Return when something last waited for this member: its end, or their vote.

    Two statements, for an empty inbox only.
    """
    voted = Vote.objects.filter(member=member).aggregate(at=Max("cast_at"))["at"]
    asked = Notification.objects.filter(
        member=member,
        kind__in=(NotificationKind.REQUESTED, NotificationKind.ESCALATED),
        request__decided_at__isnull=False,
    ).exclude(Exists(_votes_of(member).filter(request=OuterRef("request"))))
    ended = asked.aggregate(at=Max("request__decided_at"))["at"]
    return max((at for at in (voted, ended) if at), default=None)


def _votes_of(member: Membership) -> QuerySet[Vote]:
    """The member's votes that count."""
    return Vote.objects.filter(member=member, voided_at=None)


def _shown(rows: QuerySet[ActionRequest]) -> QuerySet[ActionRequest]:
    rows = rows.select_related("agent", "category").defer(
        "payload", "trace", "facts", "sources", "reason"
    )
    return _with_brief(rows, "payload")


def _with_brief(rows: QuerySet[Any], field: str) -> QuerySet[Any]:
    """Add the payload, or null when it is too large for a list: its size is read without it."""
    size = Func(F(field), function="pg_column_size", output_field=IntegerField())
    small = When(payload_size__lte=BRIEF_BYTES, then=F(field))
    brief = Case(small, output_field=JSONField())
    # What the guardrails found in it says what of it is masked.
    found = F(f"{field.removesuffix('payload')}trace__guardrails")
    guarded = Case(When(payload_size__lte=BRIEF_BYTES, then=found), output_field=JSONField())
    shown: QuerySet[Any] = rows.alias(payload_size=size).annotate(brief=brief, guarded=guarded)
    return shown


def _facts(request: ActionRequest, row: ActionRequest | Vote) -> Brief:
    display = request.category.display if request.category else {}
    brief = vars(row)["brief"]
    guarded = {"guardrails": vars(row)["guarded"]}
    return brief_payload(None if brief is None else shown_payload(brief, guarded), display)


def _narrowed(filters: InboxFilters, prefix: str = "") -> Q:
    narrowed = Q()
    if filters.text:
        narrowed &= Q(**{f"{prefix}summary__icontains": filters.text})
    if filters.risk:
        narrowed &= Q(**{f"{prefix}category__risk": filters.risk})
    if filters.agent:
        narrowed &= Q(**{f"{prefix}agent__name": filters.agent})
    return narrowed


def _has_right(member: Membership) -> Q:
    mine = GroupMember.objects.filter(membership=member).values("group")
    direct = CategoryUserPermission.objects.filter(
        user=member.user_id, permission__codename=APPROVE
    )
    through = CategoryGroupPermission.objects.filter(group__in=mine, permission__codename=APPROVE)
    return Q(category__in=direct.values("content_object")) | Q(
        category__in=through.values("content_object")
    )


def _agents_side(member: Membership) -> Q:
    """As `rules.is_on_agents_side`."""
    names = [member.user.email.lower(), member.public_id]
    owned = Q(agent__owner=member)
    # Compared with null, the negation of this would be null: no row at all.
    owned_then = Q(owner_at_submission__isnull=False, owner_at_submission=member)
    handed_on = Q(delegation_owners__contains=[member.pk])
    return owned | owned_then | handed_on | Q(behalf__in=names)


def _trimmed(field: str) -> Func:
    blanks = Cast(Value(_BLANKS), TextField())
    return Func(F(field), blanks, function="btrim", output_field=CharField())


def _entries(stand_in: Membership | None, boards: Sequence[Board]) -> list[InboxEntry]:
    """The rows; to a stand-in, with in whose names they may decide."""
    people: dict[UUID | None, Person | None] = {}
    if stand_in is not None:
        categories = {board.request.category_id for board in boards}
        people = {each: load_person(each, stand_in.pk) for each in categories if each}
    return [_entry(board, people.get(board.request.category_id)) for board in boards]


def _entry(board: Board, person: Person | None) -> InboxEntry:
    return InboxEntry(
        request=board.request,
        rules=tuple(requirement.rule_id for requirement in board.requirements),
        seats=seat_verdicts(board),
        missing=missing_on(board),
        facts=_facts(board.request, board.request),
        board=board,
        standing=judge(board, person) if person else None,
    )


def seat_verdicts(board: Board) -> tuple[str, ...]:
    """Return one verdict or "" for each seat of the stages that are open."""
    seats: list[str] = []
    for stage in board.open_stages:
        wanted = sum(seat.count for seat in seats_of(stage))
        filled = len(board.tally(stage).seated)
        seats += [Verdict.APPROVE.value] * filled + [""] * (wanted - filled)
    return tuple(seats)
