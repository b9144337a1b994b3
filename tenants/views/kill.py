"""The kill switch: one page, two steps. What it stops is shown before it is thrown."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from govapp.common.forms import refusals_on
from tenants import rules
from tenants.enums import KillPending, KillScope
from tenants.forms_kill import ResumeForm, StopForm
from tenants.http import PageRequest
from tenants.kill_effects import count_stopped
from tenants.selectors import agents
from tenants.selectors.kill import (
    former_switches,
    get_switch,
    possible_resumers,
    thrown_switches,
)
from tenants.services.kill import drill, plan_switch, resume, throw
from tenants.views.common import flash_refusal


@require_http_methods(["GET", "HEAD", "POST"])
def kill_switch(request: PageRequest, slug: str) -> HttpResponse:
    """List what is stopped; choose what to stop; show what that stops; throw it, or drill it."""
    if request.method != "POST":
        return _page(request, StopForm(member=request.membership, initial=_chosen(request)))
    form = StopForm(request.POST, member=request.membership)
    if form.is_valid():
        with refusals_on(form):
            return _step(request, form)
    return _page(request, form, status=422)


@require_POST
def kill_switch_resume(request: PageRequest, slug: str, switch: str) -> HttpResponse:
    """Let go on what was stopped: a second person."""
    found, form = get_switch(switch), ResumeForm(request.POST)
    if not form.is_valid():
        messages.error(request, "Say why it may go on.")
        return redirect("kill_switch", slug)
    with flash_refusal(request):
        resume(actor=request.membership, switch=found, **form.cleaned_data)
        messages.success(
            request,
            f"It goes on: {found.what}. Permissions from before stay dead; new ones can be had.",
        )
    return redirect("kill_switch", slug)


def _step(request: PageRequest, form: StopForm) -> HttpResponse:
    match request.POST.get("step"):
        case "throw":
            return _thrown(request, form)
        case "drill":
            return _drilled(request, form)
        case _:
            return _confirm(request, form)


def _chosen(request: PageRequest) -> dict[str, str]:
    """Return what the address chooses already: the agent whose page somebody comes from."""
    agent = request.GET.get("agent", "")
    chosen = {"scope": KillScope.AGENT.value, "agent": agent} if agent else {}
    return {"pending": KillPending.HOLD.value} | chosen


def _confirm(request: PageRequest, form: StopForm) -> HttpResponse:
    planned = plan_switch(actor=request.membership, **form.target)
    others = possible_resumers(planned)
    context = {
        "nav": "kill",
        "form": form,
        "planned": planned,
        "pending": form.cleaned_data["pending"],
        "stopped": count_stopped(planned),
        "resumers": [each.user.name for each in others],
    }
    return render(request, "tenants/kill/confirm.html", context)


def _thrown(request: PageRequest, form: StopForm) -> HttpResponse:
    made = throw(actor=request.membership, **form.asked)
    messages.success(request, f"Stopped: {made.what}. It took {made.took_ms} ms.")
    return redirect("kill_switch", request.tenant.slug)


def _drilled(request: PageRequest, form: StopForm) -> HttpResponse:
    made = drill(actor=request.membership, **form.asked)
    messages.success(
        request,
        f"That was a drill of the kill switch for {made.what}; nothing was stopped. It took"
        f" {made.took_ms} ms. The report is in the history below.",
    )
    return redirect("kill_switch", request.tenant.slug)


def _page(request: PageRequest, form: StopForm, *, status: int = 200) -> HttpResponse:
    member = request.membership
    governs = rules.may_throw_kill_switch(member, None)
    thrown = list(thrown_switches())
    context = {
        "nav": "kill",
        "form": form,
        "may_throw": governs or any(rules.may_throw_kill_switch(member, a) for a in agents()),
        "may_resume": rules.may_resume_kill_switch(member),
        "thrown": thrown,
        "former": former_switches(),
        "resume_form": ResumeForm(),
    }
    return render(request, "tenants/kill/home.html", context, status=status)
