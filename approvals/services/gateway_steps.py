"""A call of a model as a step of the run that it names."""

from approvals.models import ModelCall
from tenants.models import Agent


def find_run(agent: Agent, run: str) -> object | None:
    """Return the run that is named, if it is this agent's and open."""
    return None


def note_step(call: ModelCall) -> None:
    """Keep the call as a step of its run, if it names one."""
