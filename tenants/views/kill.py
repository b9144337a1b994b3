"""The kill switch: choose what to stop, see what that stops, stop it; then see what still runs."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from govapp.common.forms import refusals_on
from tenants import rules
from tenants.enums import KillScope
from tenants.forms_kill import ResumeForm, StopForm, TargetForm
from tenants.http import PageRequest
from tenants.kill_effects import count_stopped
from tenants.models import KillSwitch
from tenants.selectors.kill import (
    find_thrown,
    former_switches,
    get_switch,
    possible_resumers,
    thrown_switches,
)
from tenants.selectors.stopping import choices_to_stop
from tenants.services.kill import drill, plan_switch, resume, throw
from tenants.views.common import posted

_LONGEST_SEARCH = 100


@require_safe
def kill_switch(request: PageRequest, slug: str) -> HttpResponse:
    """List what is stopped, what can be stopped, and what was."""
    return _home(request, TargetForm())


@require_http_methods(["GET", "HEAD", "POST"])
def kill_switch_stop(request: PageRequest, slug: str) -> HttpResponse:
    """Show what it stops; with a reason stop it, or drill it."""
    chosen = request.POST if request.method == "POST" else request.GET
    if "scope" not in chosen:
        return _home(request, TargetForm())
    target, planned = TargetForm(chosen), None
    if target.is_valid():
        with refusals_on(target):
            planned = plan_switch(actor=request.membership, **target.cleaned_data)
    if planned is None:
        return _home(request, target)
    start = {"scope": planned.scope, "ref": planned.ref, "pending": "hold"}
    form = StopForm(posted(request), initial=start)
    if form.is_bound and form.is_valid():
        with refusals_on(form):
            return _done(request, form)
    context = {
        "nav": "kill",
        "form": form,
        "planned": planned,
        "stopped": count_stopped(planned),
        "already": find_thrown(planned),
        "resumers": [each.user.name for each in possible_resumers(planned)],
    }
    status = 422 if form.is_bound else 200
    return render(request, "tenants/kill/stop.html", context, status=status)


@require_safe
def kill_switch_detail(request: PageRequest, slug: str, switch: str) -> HttpResponse:
    """Show what a switch stopped, what still runs, and who resumes it."""
    return _detail(request, get_switch(switch), ResumeForm())


@require_POST
def kill_switch_resume(request: PageRequest, slug: str, switch: str) -> HttpResponse:
    """Let go on what was stopped: a second person."""
    found, form = get_switch(switch), ResumeForm(request.POST)
    if form.is_valid():
        with refusals_on(form):
            resume(actor=request.membership, switch=found, **form.cleaned_data)
            messages.success(
                request,
                f"Resumed: {found.what}. Permissions from before stay dead; new ones can be had.",
            )
            return redirect("kill_switch", slug)
    return _detail(request, found, form)


def _done(request: PageRequest, form: StopForm) -> HttpResponse:
    """Stop it, or drill it, and show what came of it."""
    is_drill = request.POST.get("step") == "drill"
    act = drill if is_drill else throw
    made = act(actor=request.membership, **form.cleaned_data)
    if is_drill:
        messages.success(request, "That was a drill. Nothing was stopped.")
    else:
        messages.success(
            request,
            f"Stopped: {made.what}. It took {made.took_ms} ms."
            + ("" if made.is_complete else " What had begun before was not waited for."),
        )
    return redirect("kill_switch_detail", request.tenant.slug, made.public_id)


def _detail(request: PageRequest, switch: KillSwitch, form: ResumeForm) -> HttpResponse:
    member = request.membership
    context = {
        "nav": "kill",
        "switch": switch,
        "form": form,
        "is_own": switch.thrown_by_id == member.pk,
        "may_resume": rules.may_resume_kill_switch(member),
        "resumers": [each.user.name for each in possible_resumers(switch)],
    }
    status = 422 if form.is_bound else 200
    return render(request, "tenants/kill/detail.html", context, status=status)


def _home(request: PageRequest, target: TargetForm) -> HttpResponse:
    if target.is_bound:
        target.fields["ref"].widget.attrs["autofocus"] = True  # it is far down on a phone
    member, thrown = request.membership, list(thrown_switches())
    words = request.GET.get("q", "")[:_LONGEST_SEARCH].replace("\0", "")
    governs = rules.may_throw_kill_switch(member, None)
    choices = choices_to_stop(member, words, thrown)
    context = {
        "nav": "kill",
        "target": target,
        "words": words,
        "governs": governs,
        "choices": choices,
        "may_stop": governs or words or any(each.rows for each in choices),
        "has_found": any(each.rows for each in choices),
        "everything": KillScope.TENANT.value,
        "thrown": thrown,
        "former": former_switches(),
    }
    status = 422 if target.is_bound else 200
    return render(request, "tenants/kill/home.html", context, status=status)
