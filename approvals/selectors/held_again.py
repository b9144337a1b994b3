"""Whether what was decided may still be done: what held the submission besides is asked again."""

import json
from typing import Any, Final
from uuid import UUID

from django.db import connection

from approvals.enums import RequestStatus
from approvals.facts import Submission
from approvals.holders import autonomy, reach
from approvals.holders.asked import Asked
from approvals.leash import Held, Refusal, together
from approvals.models import ActionRequest
from approvals.selectors.runs import RUN_SQL, read_run_id
from govapp.common.tenancy import require_tenant_id
from tenants.selectors.autonomy import AUTONOMY_SQL, ENVIRONMENT_SQL
from tenants.selectors.reach import REACH_SQL, hold_reach

# What a submission is held by as well (`selectors.situation`), under the same names. Kill
# switches come with the request's lock; budgets and delegations know what they hold for it.
_HOLDERS: Final = (
    ("reach", REACH_SQL),
    ("run", RUN_SQL),
    ("autonomy", AUTONOMY_SQL),
    ("environment", ENVIRONMENT_SQL),
)
_COLUMNS: Final = ", ".join(f"'{name}', ({sql})" for name, sql in _HOLDERS)
_STATEMENT: Final = (
    f"SELECT clock.now, json_build_object({_COLUMNS})::text"  # noqa: S608 - names of our own
    " FROM (SELECT govapp_now() AS now) AS clock CROSS JOIN (SELECT %s::uuid AS agent_id,"
    " %s::text AS category, %s::text AS integration, %s::text AS environment,"
    " %s::uuid AS run_id, %s::text AS step) AS asked JOIN tenants_tenant t ON true"
    " LEFT JOIN tenants_agent a ON a.tenant_id = t.id AND a.id = asked.agent_id"
    " WHERE t.tenant_id = %s"
)


def held_again(request: ActionRequest) -> Refusal | None:
    """Return why this request may not be done any more, in the words of a submission; else None.

    The integration and the grants for it, the labels that flow into it by now, the agent's level
    of autonomy and the environment. Where nobody was asked and somebody would be now, it has to be
    submitted anew; what people approved they have approved. Waits for whoever takes the
    integration away at this moment. Two statements, one more for a request in a step of a run.
    Nothing may be done any more whose contents are no longer kept: nobody could look at it, and
    how it was decided cannot be asked.
    """
    if request.forgotten_at is not None:
        return Refusal("contents_gone", "What it asked for is no longer kept: submit it anew.")
    category = request.category
    if category is None:
        return None  # it was blocked, and nothing is permitted by it
    hold_reach(request.integration)
    submission = Submission(
        category=request.category_key,
        summary=request.summary,
        payload=request.payload,
        environment=request.environment,
        integration=request.integration,
        run=request.run_key,
        step=request.step.key if request.step else "",
    )
    now, known = _read(request.agent_id, submission)
    asked = Asked(request.agent, submission, category, now, known)
    held = together((reach.held(asked), autonomy.held(asked)))
    return held.refusals[0] if held.refusals else _unasked(request, held)


def _unasked(request: ActionRequest, held: Held) -> Refusal | None:
    """Return who would be asked by now, when nobody was."""
    if request.status != RequestStatus.ALLOWED:
        return None
    if held.demands:
        said = " ".join(each.sentence for each in held.demands)
        return Refusal(held.demands[0].code, f"{said} Nobody was asked: submit it anew.")
    # Only an agent that acts on its own is let past the policy's default (`policies.weighing`).
    if request.trace.get("used_default") and not held.answers:
        said = (
            f"No rule allowed this, and {request.agent.name} does not act on its own any more"
            " where none does: submit it anew."
        )
        return Refusal("autonomy_ask", said)
    return None


def _read(agent_id: UUID, submission: Submission) -> tuple[Any, dict[str, Any]]:
    with connection.cursor() as cursor:
        cursor.execute(
            _STATEMENT,
            [
                agent_id, submission.category, submission.integration, submission.environment,
                read_run_id(submission.run), submission.step, require_tenant_id(),
            ],
        )  # fmt: skip
        now, known = cursor.fetchone()
    return now, json.loads(known)
