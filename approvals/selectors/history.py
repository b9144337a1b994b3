"""What was asked for before: by this agent, in this run, for this target. Read when a rule asks.

Written as SQL, because it has to be one statement. Row-level security holds as in any other.
"""

import json
from collections.abc import Mapping, Set
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import ROUND_UP, Decimal, DecimalException, localcontext
from typing import Any, Final
from uuid import UUID

from django.db import connection

from approvals.enums import RequestStatus
from approvals.policies.decimals import read_decimal
from govapp.common.tenancy import require_tenant_id

RUN: Final = "run"
HISTORY: Final = "history"

_AMOUNTS: Final = 100
_PLACES: Final = Decimal("0.0001")
_DIGITS: Final = 100
_NOT_REFUSED: Final = [
    RequestStatus.ALLOWED.value,
    RequestStatus.APPROVED.value,
    RequestStatus.PENDING.value,
]
# Written out, as in the condition of the index `request_granted`.
_GRANTED: Final = "('allowed', 'approved')"

_LOCK: Final = "SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))"
# A function of the database (migration `submit3`): the lock, and what is counted under it.
_RUN_COUNTS: Final = "approvals_actionrequest_run_counts(%s, %s, %s, %s, %s)::text"
_IS_KNOWN_TARGET: Final = f"""
EXISTS (SELECT 1 FROM approvals_actionrequest
   WHERE tenant_id = %s AND category_key = %s AND target_digest = %s AND target_digest <> ''
   AND purpose = 'action' AND status IN {_GRANTED})"""  # noqa: S608 - words of our own
_LAST_AMOUNTS: Final = f"""
ARRAY (SELECT payload #>> %s FROM approvals_actionrequest
   WHERE tenant_id = %s AND category_key = %s AND purpose = 'action' AND status IN {_GRANTED}
   ORDER BY submitted_at DESC, id DESC LIMIT {_AMOUNTS})"""  # noqa: S608 - words of our own
_LAST_REQUESTS: Final = """
(SELECT ARRAY[count(*) FILTER (WHERE submitted_at > %s), count(*)] FROM approvals_actionrequest
   WHERE tenant_id = %s AND agent_id = %s AND submitted_at > %s AND purpose = 'action'
   AND id IS DISTINCT FROM %s)"""


@dataclass(frozen=True)
class Question:
    """Whose history is read, up to which moment, and for what."""

    agent_id: UUID
    category: str
    now: datetime
    run: str = ""
    target_digest: str = ""
    amount: Decimal | None = None
    amount_field: str = ""  # a dotted path into payloads
    # A pending request of the same agent, category and run that is changed and so asked about anew.
    leaving_out: UUID | None = None


@dataclass(frozen=True)
class History:
    """What was found. None is what nobody asked for, or what cannot be known."""

    run_counts: Mapping[str, int] | None = None
    first_for_target: bool | None = None
    amount_ratio: Decimal | None = None
    requests_last_hour: int | None = None
    requests_last_day: int | None = None


def read_history(question: Question, *, needs: Set[str], locked: Set[str]) -> History:
    """Return what rules that need `needs` look at. One statement; none when none is needed.

    Of what is in `locked`, other submissions wait until this transaction has ended, so that of
    two at the same moment one sees the other: those of the same agent and run, and for the
    history (one statement more) all of the same agent.
    """
    parts = _parts(question, needs, RUN in locked)
    if not parts:
        return History()
    if HISTORY in locked:
        _lock_agent(question.agent_id)
    columns = ", ".join(sql for sql, _ in parts.values())
    parameters = [value for _, values in parts.values() for value in values]
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {columns}", parameters)
        found = dict(zip(parts, cursor.fetchone(), strict=True))
    return _history(question, found)


def _lock_agent(agent_id: UUID) -> None:
    """Hold back the agent's other submissions. What is read afterwards sees what was waited for."""
    with connection.cursor() as cursor:
        cursor.execute(_LOCK, [f"history:{agent_id}"])


def _parts(
    question: Question, needs: Set[str], locks_run: bool
) -> dict[str, tuple[str, list[Any]]]:
    """Each column that is needed, with its parameters."""
    tenant_id = require_tenant_id()
    parts: dict[str, tuple[str, list[Any]]] = {}
    if RUN in needs and question.run:
        run = [tenant_id, question.agent_id, question.run, _NOT_REFUSED, locks_run]
        parts[RUN] = (_RUN_COUNTS, run)
    if HISTORY not in needs:
        return parts
    if question.target_digest:
        values = [tenant_id, question.category, question.target_digest]
        parts["target"] = (_IS_KNOWN_TARGET, values)
    if question.amount is not None:
        path = question.amount_field.split(".")
        parts["amounts"] = (_LAST_AMOUNTS, [path, tenant_id, question.category])
    hour, day = question.now - timedelta(hours=1), question.now - timedelta(days=1)
    parts["requests"] = (
        _LAST_REQUESTS,
        [hour, tenant_id, question.agent_id, day, question.leaving_out],
    )
    return parts


def _history(question: Question, found: Mapping[str, Any]) -> History:
    hour, day = found.get("requests", (None, None))
    return History(
        run_counts=_run_counts(question, found[RUN]) if RUN in found else None,
        first_for_target=not found["target"] if "target" in found else None,
        amount_ratio=_ratio(question.amount, found.get("amounts", ())),
        requests_last_hour=hour,
        requests_last_day=day,
    )


def _run_counts(question: Question, text: str) -> Mapping[str, int]:
    counts: dict[str, int] = json.loads(text)
    if question.leaving_out is not None:
        counts[question.category] = counts.get(question.category, 1) - 1
    return {category: count for category, count in counts.items() if count}


def _ratio(amount: Decimal | None, texts: Any) -> Decimal | None:
    """How many times the average of those amounts this one is, rounded up to four places."""
    amounts = [number for text in texts if (number := read_decimal(text)) is not None]
    if amount is None or not amounts or sum(amounts) <= 0:
        return None
    with localcontext(prec=_DIGITS):
        try:
            ratio = amount * len(amounts) / sum(amounts, Decimal())
            # Up, so that a limit that is just passed is not rounded away.
            return ratio.quantize(_PLACES, rounding=ROUND_UP)
        except DecimalException:
            return None
