"""Trying a request out: what would happen, and how each rule would fare. Nothing is written."""

from typing import Any, Final

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_http_methods

from approvals.forms.trial import TrialForm
from approvals.models import ActionCategory
from approvals.policies import Evaluation
from approvals.selectors.trace import count_verdicts, read_trace
from approvals.selectors.trial import Ground, find_ground, list_grounds
from approvals.services.submission import preview_under
from approvals.views.common import read_filter
from govapp.common.errors import Conflict
from govapp.common.forms import refusals_on
from tenants import rules
from tenants.http import PageRequest
from tenants.models import Agent
from tenants.selectors import agents
from tenants.views.common import posted

_NOT_READER: Final = "Only owners, compliance and auditors try requests out."


@require_http_methods(["GET", "HEAD", "POST"])
def policy_try(request: PageRequest, slug: str) -> HttpResponse:
    """Choose agent, category and rules; fill in a payload; read the whole trace."""
    rules.require(rules.may_read_settings(request.membership), _NOT_READER)
    chosen = {name: read_filter(request, name) for name in ("agent", "category", "under")}
    known, kinds = list(agents()), list(ActionCategory.objects.order_by("key"))
    agent = next((one for one in known if one.public_id == chosen["agent"]), None)
    category = next((one for one in kinds if one.key == chosen["category"]), None)
    context: dict[str, Any] = {
        "nav": "policy",
        "chosen": chosen,
        "agents": known,
        "categories": kinds,
        "grounds": list_grounds(),
    }
    status = 200
    try:
        ground = find_ground(chosen["under"])
    except Conflict as refusal:
        context["refused"] = refusal.detail
    else:
        context["ground"] = ground.name
        if agent is not None and category is not None:
            form = TrialForm(posted(request), category=category)
            context |= {"form": form} | _tried(form, ground, agent)
            status = 422 if form.is_bound and form.errors else 200
    return render(request, "approvals/policy/try.html", context, status=status)


def _tried(form: TrialForm, ground: Ground, agent: Agent) -> dict[str, Any]:
    """Return what the template says of the outcome; nothing while the form is not in order."""
    if not form.is_bound or not form.is_valid():
        return {}
    shown: dict[str, Any] = {}
    with refusals_on(form):
        evaluation = preview_under(ground.policy, agent=agent, submission=form.to_submission())
        shown |= _shown(evaluation)
    return shown


def _shown(evaluation: Evaluation) -> dict[str, Any]:
    whole = evaluation.to_dict()
    lines = read_trace(whole)
    return {
        "outcome": evaluation.outcome,
        "because": evaluation.because.rstrip("."),
        "sentences": [each.sentence for each in evaluation.requirements],
        "lines": lines,
        "verdicts": count_verdicts(lines),
    }
