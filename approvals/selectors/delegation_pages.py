"""What the pages of delegations show: trees, one link with what it allows, and what a cut ends."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import reduce
from operator import or_
from typing import Final
from uuid import UUID

from django.db.models import Q

from approvals.delegating.narrowing import amount_words, budget_words, words_of
from approvals.enums import RequestStatus
from approvals.models import ActionRequest, Delegation, ExecutionGrant
from approvals.selectors.delegations import (
    chain_ids,
    cut,
    get_delegation,
    read_rows,
    status_of,
    under,
)
from govapp.common import clock
from govapp.common.api.pagination import Page, Position, read_page
from govapp.common.arrays import is_any
from govapp.common.errors import NotFound
from govapp.common.ids import InvalidId, parse_public_id
from tenants.models import Agent

_TREES: Final = 20  # a page
_SHOWN: Final = 10  # of an agent, in each direction; and requests of a link
_PER_LINK: Final = 500  # of one tree


@dataclass
class Node:
    """A link in a tree. `status` is its own: live, revoked or expired."""

    delegation: Delegation
    status: str
    children: list["Node"] = field(default_factory=list)

    @property
    def reach(self) -> str:
        """What it is for, in words."""
        categories = words_of(self.delegation.categories, "categories")
        return f"{categories} on {words_of(self.delegation.integrations, 'integrations')}"

    @property
    def budget(self) -> str:
        """Its budget in words, "" without one."""
        amounts = {each.currency: each.amount for each in self.delegation.budgets.all()}
        return budget_words(amounts) if amounts else ""


@dataclass(frozen=True)
class OfAgent:
    """An agent's delegations, newest first: at most ten each way, and whether there are more."""

    given: list[Node]
    taken: list[Node]
    has_more: bool


@dataclass(frozen=True)
class Ends:
    """What a cut would end: links with who they were given to, and what waits under them."""

    nodes: list[Node]
    agents: list[str]
    pending: int
    grants: int


@dataclass(frozen=True)
class Shown:
    """One link with all that is to say about it."""

    node: Node
    chain: list[Node]
    tree: list[Node]
    why_cut: str
    ends: Ends
    requests: list[ActionRequest]

    @property
    def money(self) -> list[dict[str, str]]:
        """The budget, a line for each currency."""
        return [
            {
                "currency": each.currency,
                "amount": amount_words(each.amount),
                "reserved": amount_words(each.reserved),
                "settled": amount_words(each.settled),
                "left": amount_words(each.amount - each.reserved - each.settled),
            }
            for each in sorted(self.node.delegation.budgets.all(), key=lambda each: each.currency)
        ]


def read_trees(
    *, after: Position | None, only_live: bool, agent: Agent | None = None
) -> Page[Delegation]:
    """Return a page of first links, newest first: of an agent, those of the trees it is part of."""
    rows = read_rows().filter(depth=1)
    if only_live:
        rows = rows.filter(revoked_at=None, expires_at__gt=clock.Now())
    if agent is not None:
        parts = Delegation.objects.filter(Q(from_agent=agent) | Q(to_agent=agent))
        paths = parts.order_by("-created_at").values_list("path", flat=True)[:_PER_LINK]
        rows = rows.filter(is_any("pk", {chain_ids(path)[0] for path in paths}))
    return read_page(rows, field="created_at", after=after, limit=_TREES)


def grow(roots: Sequence[Delegation], now: datetime) -> list[Node]:
    """Return the trees of these first links. Two statements."""
    if not roots:
        return []
    parts = reduce(or_, (Q(pk__in=under(root).values("pk")) for root in roots))
    rows = read_rows().filter(parts).order_by("depth", "created_at", "pk")
    return _nested(rows[: _PER_LINK * len(roots)], now)


def show_delegation(ident: str) -> Shown:
    """Return one link for its page. Raises `NotFound`."""
    found, now = get_delegation(_parsed(ident)), clock.now()
    chain = read_rows().filter(is_any("pk", chain_ids(found.path))).order_by("depth")
    below = list(read_rows().filter(pk__in=under(found).values("pk")).order_by("depth", "pk"))
    problem = cut(found.pk)
    requests = ActionRequest.objects.filter(is_any("delegation_id", [each.pk for each in below]))
    newest = requests.select_related("agent").order_by("-submitted_at", "-pk")
    return Shown(
        node=Node(found, status_of(found, now)),
        chain=[Node(each, status_of(each, now)) for each in chain],
        tree=_nested(below, now),
        why_cut=problem.sentence if problem else "",
        ends=_ends(below, now),
        requests=list(newest.defer("payload", "trace", "facts", "sources")[:_SHOWN]),
    )


def delegations_of_agent(agent: Agent) -> OfAgent:
    """Return what an agent handed on and what it was handed. Two statements, and their budgets."""
    now = clock.now()
    given, taken = (
        [
            Node(each, status_of(each, now))
            for each in rows.order_by("-created_at", "-pk")[: _SHOWN + 1]
        ]
        for rows in (read_rows().filter(from_agent=agent), read_rows().filter(to_agent=agent))
    )
    has_more = max(len(given), len(taken)) > _SHOWN
    return OfAgent(given[:_SHOWN], taken[:_SHOWN], has_more)


def _nested(rows: Iterable[Delegation], now: datetime) -> list[Node]:
    nodes: dict[UUID, Node] = {}
    roots: list[Node] = []
    for row in rows:
        node = nodes[row.pk] = Node(row, status_of(row, now))
        above = nodes.get(row.parent_id) if row.parent_id else None
        (above.children if above else roots).append(node)
    return roots


def _ends(rows: Sequence[Delegation], now: datetime) -> Ends:
    live = [each for each in rows if status_of(each, now) == "live"]
    requests = ActionRequest.objects.filter(is_any("delegation_id", [each.pk for each in live]))
    grants = ExecutionGrant.objects.filter(
        request__in=requests.values("pk"), redeemed_at=None, revoked_at=None, expires_at__gt=now
    )
    return Ends(
        nodes=[Node(each, "live") for each in live],
        agents=sorted({each.to_agent.name for each in live}),
        pending=requests.filter(status=RequestStatus.PENDING).count(),
        grants=grants.count(),
    )


def _parsed(ident: str) -> UUID:
    try:
        return parse_public_id("dg", ident)
    except InvalidId:
        raise NotFound("There is no such delegation.") from None
