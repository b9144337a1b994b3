"""A call of a model as a step of the run that it names."""

from typing import Final

import structlog
from django.db import transaction

from approvals.enums import ModelCallStatus, StepKind, StepResult
from approvals.models import ModelCall, Run
from approvals.run_steps import Step
from approvals.selectors.runs import read_run_id
from approvals.services.runs import add_step
from govapp.common.errors import DomainError
from tenants.models import Agent

log = structlog.get_logger(__name__)

_RESULTS: Final = {
    ModelCallStatus.ANSWERED: StepResult.DONE,
    ModelCallStatus.STOPPED: StepResult.STOPPED,
}
_MODEL: Final = 100


def find_run(agent: Agent, run: str) -> Run | None:
    """Return the run that is named, if it is this agent's and open."""
    ident = read_run_id(run)
    if ident is None:
        return None
    return Run.objects.filter(pk=ident, agent=agent, closed_at=None).first()


def note_step(call: ModelCall) -> None:
    """Keep the call as a step of its run, if it names one. A run that was closed gets none."""
    ident = read_run_id(call.run_key) if call.run_key else None
    if ident is None:
        return
    cost = {"amount": str(call.cost), "currency": call.currency} if call.currency else None
    step = Step(
        key=call.public_id,
        kind=StepKind.MODEL_CALL.value,
        title=f"Call of {call.model}"[:_MODEL],
        input_digest=call.request_digest,
        output_digest=call.answer_digest,
        integration=call.integration,
        model=call.model[:_MODEL],
        cost=cost,
        tokens_in=call.asked_tokens,
        tokens_out=call.answered_tokens,
        result=_RESULTS.get(ModelCallStatus(call.status), StepResult.FAILED).value,
    )
    try:
        with transaction.atomic():
            add_step(agent=call.agent, run_id=ident, step=step)
    except DomainError as refused:
        log.info("model_call.no_step", call=call.public_id, code=refused.code)
