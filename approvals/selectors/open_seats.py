"""Which open stages mean somebody, asked once for each shape that there is of them.

Thousands of pending requests are governed by a few flows, so that their stages have a few shapes:
the same seats, and the same people added. Whether a shape means a person is said in one place, by
`board.fitting_seats`; the database then looks the shapes up in an index, which row-level security
leaves it for ids and takes from it for what is inside of JSON.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import combinations
from typing import Any, Final
from uuid import UUID

from django.db import connection
from django.db.models import Q

from approvals.models import RequirementStage
from approvals.policies import ANYONE, MANAGER
from approvals.rules import may_be_approver
from approvals.selectors.board import fitting_seats
from approvals.selectors.people import keys_of
from tenants.models import Membership
from tenants.selectors.absences import standing_in_for

# From each shape the index leads to the next, whatever lies between.
_READ: Final = """
WITH RECURSIVE found (shape) AS (
  (SELECT shape FROM approvals_requirementstage WHERE status = 'open' ORDER BY shape LIMIT 1)
  UNION ALL
  SELECT (SELECT stage.shape FROM approvals_requirementstage AS stage
          WHERE stage.status = 'open' AND stage.shape > found.shape
          ORDER BY stage.shape LIMIT 1)
  FROM found WHERE found.shape IS NOT NULL)
SELECT
  (SELECT json_agg(json_build_array(one.shape, one.seats, one.added))::text
   FROM found CROSS JOIN LATERAL (
     SELECT stage.shape, stage.seats, stage.added FROM approvals_requirementstage AS stage
     WHERE stage.status = 'open' AND stage.shape = found.shape LIMIT 1) AS one),
  (SELECT json_agg(json_build_array(mine.membership_id, one.slug))::text
   FROM tenants_groupmember AS mine
   JOIN tenants_approvergroup AS one ON one.id = mine.approver_group_id
   WHERE mine.membership_id = ANY(%s)),
  (SELECT json_agg(json_build_array(manager_id, id))::text
   FROM tenants_membership WHERE manager_id = ANY(%s)),
  govapp_now()
"""


@dataclass(frozen=True)
class OpenSeats:
    """The shapes of the open stages, and what the seats can call the member and the absent."""

    member: Membership
    absent: tuple[Membership, ...]  # approvers who are away, and for whom the member stands in
    stages: tuple[tuple[UUID, RequirementStage], ...]  # one of each shape
    keys: dict[UUID, frozenset[str]]
    reports: dict[UUID, frozenset[UUID]]
    read_at: datetime  # the database's time

    def meaning(
        self, person: Membership, *, by: Membership | None = None
    ) -> Iterator[tuple[Q, list[UUID]]]:
        """Yield the shapes that mean a person, whose word is given by themselves or a stand-in.

        With the condition on the request under which they do: seats can mean or leave out the
        manager of the agent's owner. Whether the person has the right, which `anyone` asks for,
        is for the caller to say.
        """
        people = [person] if by is None else [person, by]
        managers = [one for one in people if self.reports[one.pk]]
        for count in range(len(managers) + 1):
            for chosen in combinations(managers, count):
                condition = Q()
                for one in managers:
                    is_theirs = Q(agent__owner__in=self.reports[one.pk])
                    condition &= is_theirs if one in chosen else ~is_theirs
                keys = self._keys(person, chosen)
                barred = self._keys(by, chosen) if by else frozenset[str]()
                shapes = [at for at, one in self.stages if fitting_seats(one, keys, barred)]
                if shapes:
                    yield condition, shapes

    def _keys(self, person: Membership, managers: Sequence[Membership]) -> frozenset[str]:
        return self.keys[person.pk] | ({MANAGER.key} if person in managers else frozenset())


def read_open_seats(member: Membership) -> OpenSeats:
    """Return the shapes of what is open in the tenant, as this member and their absent see it.

    One statement; one more to see whom the member stands in for.
    """
    absent = tuple(each.member for each in standing_in_for(member) if may_be_approver(each.member))
    people = (member, *absent)
    idents = [each.pk for each in people]
    with connection.cursor() as cursor:
        cursor.execute(_READ, [idents, idents])
        *texts, read_at = cursor.fetchone()
    shapes, groups, reports = (json.loads(text or "[]") for text in texts)
    return OpenSeats(
        member,
        absent,
        tuple((UUID(at), _stage(seats, added)) for at, seats, added in shapes),
        {each.pk: keys_of(each, _second(groups, each.pk)) | {ANYONE.key} for each in people},
        {each.pk: frozenset(map(UUID, _second(reports, each.pk))) for each in people},
        read_at.astimezone(UTC),
    )


def _stage(seats: list[Any], added: list[Any]) -> RequirementStage:
    return RequirementStage(seats=seats, added=added)


def _second(pairs: Sequence[Sequence[str]], first: UUID) -> list[str]:
    return [second for one, second in pairs if one == str(first)]
