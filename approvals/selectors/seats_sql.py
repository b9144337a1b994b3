"""Whether the seats of a stage mean one member, said in SQL: as `board.fitting_seats` says it."""

from typing import Any, Final

from django.contrib.postgres.expressions import ArraySubquery
from django.contrib.postgres.fields import ArrayField
from django.db.models import BooleanField, Case, F, Func, Q, TextField, Value, When
from django.db.models.expressions import Combinable
from django.db.models.functions import Concat
from django.db.models.lookups import In

from approvals.policies import ANYONE, MANAGER
from tenants.models import Agent, GroupMember, Membership

_TEXTS: Final = ArrayField(TextField())
# The keys that an entry of a seat's JSON stands for: several for `groups`.
_KEYS: Final = """
    CASE {0}->>'kind'
    WHEN 'groups' THEN string_to_array('group:' || replace({0}->>'ref', ',', ',group:'), ',')
    WHEN 'person' THEN ARRAY['person:' || lower({0}->>'ref')]
    ELSE ARRAY[({0}->>'kind') || ':' || ({0}->>'ref')] END
"""


def means(
    member: Membership,
    *,
    seats: str,
    added: str,
    agent: Combinable,
    by: Membership | None = None,
) -> Q:
    """Whether this member may fill one of the `seats`, or any since they are among the `added`.

    Nobody does whom a seat leaves out, nor for whom a stand-in would give the word (`by`) whom it
    leaves out. `agent` is the id of the agent that asks: seats can mean
    its owner's manager. Whether the member has the right, which `anyone` asks for, is for the
    caller to say.
    """
    known_by = _known_by(member, agent)
    barred_by = known_by if by is None else _both(known_by, _known_by(by, agent))
    return Q(_Means(F(seats), F(added), known_by, barred_by))


def _known_by(member: Membership, agent: Combinable) -> Case:
    groups = GroupMember.objects.filter(membership=member).values_list(
        Concat(Value("group:"), F("approver_group__slug"), output_field=TextField())
    )
    own = [f"role:{role}" for role in member.roles]
    own += [f"person:{member.user.email.lower()}", ANYONE.key]
    keys = _both(ArraySubquery(groups), Value(own, _TEXTS))
    mine = Agent.objects.filter(owner__manager=member).values("pk")
    manager = Value([MANAGER.key], _TEXTS)
    return Case(When(In(agent, mine), then=_both(keys, manager)), default=keys, output_field=_TEXTS)


def _both(first: Combinable, second: Combinable) -> Func:
    return Func(first, second, function="array_cat", output_field=_TEXTS)


class _Means(Func):
    """Whether one seat fits these keys, or they are among the added ones, and none is left out."""

    output_field: Any = BooleanField()
    template = f"""
        EXISTS (
            SELECT 1
            FROM (SELECT %(expressions)s) AS stage (seats, added, known_by, barred_by),
                jsonb_array_elements(stage.seats) AS seat
            WHERE (
                {_KEYS.format("seat")} && stage.known_by
                OR EXISTS (
                    SELECT 1 FROM jsonb_array_elements(stage.added) AS one
                    WHERE {_KEYS.format("one")} && stage.known_by
                )
            )
            AND NOT EXISTS (
                SELECT 1 FROM jsonb_array_elements(coalesce(seat->'but', '[]'::jsonb)) AS one
                WHERE {_KEYS.format("one")} && stage.barred_by
            )
        )
    """  # noqa: S608 - made of constants only
