"""The same key and the same body: the first answer again, also when it was a refusal."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

from django.db import IntegrityError, connection

from approvals.models import IdempotencyKey
from govapp.common import clock
from govapp.common.api.problems import problem_body, status_of
from govapp.common.errors import (
    Conflict,
    DomainError,
    FieldError,
    Invalid,
    RateLimited,
    Unavailable,
)
from govapp.common.tenancy import tenant_transaction
from govapp.common.writing import insert, unit_of_work
from tenants.doors import all_tenants
from tenants.models import Agent

_ONCE: Final = "idempotency_key_once"
KEPT_FOR: Final = timedelta(hours=48)  # promised: 24 hours at least


@dataclass(frozen=True)
class Answer:
    """What an agent was answered. A `status` of 400 or more has a problem document as `body`."""

    status: int
    body: dict[str, Any]
    location: str = ""
    replayed: bool = False


def answer_once(
    *, agent: Agent, key: str, body_digest: str, produce: Callable[[], Answer]
) -> Answer:
    """Return the answer to this key, producing it at most once.

    A refusal (`DomainError`) is an answer as well: what `produce` wrote is undone, and the
    refusal is kept and returned. A fault of ours, a rate limit and what is
    away for a moment are not kept. Raises `Conflict` while another call with this key is in flight,
    `Invalid` for the key of another body.
    """
    try:
        return _answer_once(agent, key, body_digest, produce)
    except IntegrityError as error:
        # Another one was committed between our look at the key and our hold on it.
        if _ONCE in str(error):
            raise _in_flight() from error
        raise


@unit_of_work()
def _answer_once(agent: Agent, key: str, body_digest: str, produce: Callable[[], Answer]) -> Answer:
    kept = _claim(agent, key)
    if kept is not None:
        return _replay(kept, body_digest)
    try:
        with unit_of_work():
            answer = produce()
    except (RateLimited, Unavailable):  # these pass: asked again, it is decided
        raise
    except DomainError as refusal:
        answer = Answer(status=status_of(refusal), body=problem_body(refusal))
    insert(
        IdempotencyKey(
            agent=agent,
            key=key,
            body_digest=body_digest,
            response_status=answer.status,
            response_body=answer.body,
            response_location=answer.location,
        )
    )
    return answer


def forget_old_keys() -> int:
    """Delete the keys of all tenants that are older than 48 hours; return how many."""
    forgotten = 0
    for row in all_tenants.call():
        with tenant_transaction(row["tenant_id"]):
            old = IdempotencyKey.objects.filter(created_at__lt=clock.now() - KEPT_FOR)
            forgotten += old.delete()[0]
    return forgotten


def _claim(agent: Agent, key: str) -> IdempotencyKey | None:
    """Hold the key until the transaction ends, and return what was answered to it, if anything.

    Raises `Conflict` when another call holds it: nobody waits for somebody else's answer.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_try_advisory_xact_lock(hashtextextended(%s, 0)), k.id"
            " FROM (SELECT 1) AS one LEFT JOIN approvals_idempotencykey k"
            " ON k.tenant_id = %s AND k.agent_id = %s AND k.key = %s",
            [f"idempotency:{agent.pk}:{key}", agent.tenant_id, agent.pk, key],
        )
        locked, found = cursor.fetchone()
    if not locked:
        raise _in_flight()
    return IdempotencyKey.objects.get(pk=found) if found else None


def _in_flight() -> Conflict:
    return Conflict(
        "The first request with this Idempotency-Key is still being answered; try again.",
        code="idempotency_key_in_use",
    )


def _replay(kept: IdempotencyKey, body_digest: str) -> Answer:
    if kept.body_digest != body_digest:
        raise Invalid(
            "This Idempotency-Key was used with another body.",
            code="idempotency_key_reused",
            errors=[FieldError("Idempotency-Key", "Use a new key for a new request.")],
        )
    if kept.response_status is None or kept.response_body is None:
        raise _in_flight()  # no answer, so none to repeat
    return Answer(
        status=kept.response_status,
        body=kept.response_body,
        location=kept.response_location,
        replayed=True,
    )
