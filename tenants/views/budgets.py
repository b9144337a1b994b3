"""Budgets: what is left of each, setting and changing them, and what was spent."""

import csv
import io
from collections.abc import Iterable, Iterator
from datetime import datetime

from django.contrib import messages
from django.http import HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from audit.exporting.spreadsheet import safe_cell
from govapp.common import clock
from govapp.common.errors import Forbidden, NotFound
from govapp.common.forms import refusals_on
from tenants import rules
from tenants.budgets.words import money_words
from tenants.enums import AgentStatus
from tenants.forms_budgets import AgentLimitForm, BudgetForm, ChangeForm, LimitsForm
from tenants.http import PageRequest
from tenants.selectors import agents
from tenants.selectors.budget_pages import (
    agents_with_limits,
    changes_of,
    get_budget,
    list_budgets,
    name_of_budget,
)
from tenants.selectors.costs import (
    HEADER,
    Bill,
    CostRow,
    bill_named,
    bills,
    cost_lines,
    read_costs,
)
from tenants.services.budget_rules import answer_change, change_budget, set_budget
from tenants.services.cost_exports import record_export
from tenants.services.limits import most_calls, set_agent_limit, set_limits
from tenants.views.common import posted

_GET_AND_POST = ["GET", "HEAD", "POST"]
_NOT_READER = "Your role does not include budgets."
_WHO = "Only an owner or compliance sets budgets."
_OWNER = "Only an owner can change the limits."


@require_safe
def budget_list(request: PageRequest, slug: str) -> HttpResponse:
    """Show every budget with what is left of it."""
    _require_reader(request)
    context = _context(request) | {"rows": list_budgets()}
    return render(request, "tenants/budgets/list.html", context)


@require_http_methods(_GET_AND_POST)
def budget_new(request: PageRequest, slug: str) -> HttpResponse:
    """Set a budget."""
    rules.require(rules.may_set_budgets(request.membership), _WHO)
    known = [each for each in agents() if each.status != AgentStatus.RETIRED]
    form = BudgetForm(posted(request), agents=known)
    if form.is_bound and form.is_valid():
        with refusals_on(form):
            made = set_budget(actor=request.membership, terms=form.to_terms(), **form.to_fields())
            name = name_of_budget(made)
            messages.success(request, f"The budget holds from now on: {name}.")
            return redirect("budget_detail", slug, made.public_id)
    context = _context(request) | {"form": form}
    status = 422 if form.is_bound else 200
    return render(request, "tenants/budgets/new.html", context, status=status)


@require_http_methods(_GET_AND_POST)
def budget_detail(request: PageRequest, slug: str, budget: str) -> HttpResponse:
    """Show one budget, what is left of it, and its changes; a POST changes it."""
    _require_reader(request)
    row = get_budget(budget)
    form = ChangeForm(request.POST) if request.method == "POST" else ChangeForm.of(row.budget)
    if form.is_bound:
        rules.require(rules.may_set_budgets(request.membership), _WHO)
        if form.is_valid():
            with refusals_on(form):
                waiting = change_budget(
                    actor=request.membership,
                    budget_id=row.budget.pk,
                    terms=form.to_terms(),
                    reason=form.cleaned_data["reason"],
                )
                said = "It waits for a second person." if waiting else "It holds from now on."
                messages.success(request, said)
                return redirect("budget_detail", slug, budget)
    context = _context(request) | {
        "row": row,
        "form": form,
        "changes": changes_of(row.budget),
        "is_own": bool(row.waiting and row.waiting.asked_by_id == request.membership.pk),
    }
    status = 422 if form.is_bound else 200
    return render(request, "tenants/budgets/detail.html", context, status=status)


@require_POST
def budget_answer(request: PageRequest, slug: str, budget: str) -> HttpResponse:
    """Confirm a looser budget, or withdraw the wish for it."""
    row, confirms = get_budget(budget), request.POST.get("answer") == "confirm"
    try:
        answer_change(actor=request.membership, budget_id=row.budget.pk, is_confirmed=confirms)
    except Forbidden as refused:
        if not rules.may_set_budgets(request.membership):
            raise
        messages.error(request, refused.detail)
    else:
        messages.success(
            request,
            "Confirmed, it holds from now on." if confirms else "Withdrawn, nothing has changed.",
        )
    return redirect("budget_detail", slug, budget)


@require_safe
def costs(request: PageRequest, slug: str) -> HttpResponse:
    """Show what was spent in a month, also in the one that is not over yet."""
    _require_reader(request)
    now, bill = _bill(request)
    found = read_costs(bill)
    ways = (
        ("Agent", found.by_agent), ("Category", found.by_category),
        ("Integration", found.by_integration), ("Run", found.by_run),
    )  # fmt: skip
    context = _context(request) | {
        "bill": bill,
        "now": now,
        "tabs": [
            {"word": each.words, "href": f"?month={each.key}", "current": each.key == bill.key}
            for each in bills(now, request.tenant.time_zone, 6)
        ],
        "total": _shown(found.total),
        "reserved": [money_words(*each) for each in sorted(found.reserved.money.items())],
        "ways": [(word, [_shown(row) for row in rows]) for word, rows in ways if rows],
    }
    return render(request, "tenants/budgets/costs.html", context)


@require_safe
def costs_csv(request: PageRequest, slug: str) -> HttpResponseBase:
    """Give a month's costs as a file: a line for each day, purpose and currency."""
    _require_reader(request)
    _, bill = _bill(request)
    lines = [HEADER, *cost_lines(bill)]
    record_export(actor=request.membership, bill=bill, rows=len(lines) - 1)
    response = StreamingHttpResponse(_written(lines), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="costs-{slug}-{bill.key}.csv"'
    return response


@require_http_methods(_GET_AND_POST)
def limits(request: PageRequest, slug: str) -> HttpResponse:
    """Say how often agents may call, and how often they may try the same."""
    _require_reader(request)
    tenant = request.tenant
    names = list(LimitsForm.base_fields)
    form = LimitsForm(posted(request), initial={name: getattr(tenant, name) for name in names})
    if form.is_bound:
        rules.require(rules.may_change_settings(request.membership), _OWNER)
        if form.is_valid():
            with refusals_on(form):
                set_limits(actor=request.membership, **form.cleaned_data)
                messages.success(request, "The limits hold from now on.")
                return redirect("budget_limits", slug)
    return _limits(request, form)


@require_POST
def agent_limit(request: PageRequest, slug: str) -> HttpResponse:
    """Say how often one agent may call."""
    rules.require(rules.may_change_settings(request.membership), _OWNER)
    form = AgentLimitForm(request.POST)
    if form.is_valid():
        with refusals_on(form):
            agent = set_agent_limit(
                actor=request.membership,
                agent_id=form.cleaned_data["agent"].pk,
                calls_per_second=form.cleaned_data["agent_limit"],
            )
            messages.success(request, f"The limit of {agent.name} holds from now on.")
            return redirect("budget_limits", slug)
    values = {name: getattr(request.tenant, name) for name in LimitsForm.base_fields}
    return _limits(request, LimitsForm(initial=values), form)


def _limits(
    request: PageRequest, form: LimitsForm, bound: AgentLimitForm | None = None
) -> HttpResponse:
    context = _context(request) | {
        "form": form,
        "agent_form": bound or AgentLimitForm(),
        "limited": agents_with_limits(),
        "may_change": rules.may_change_settings(request.membership),
        "most": most_calls(),
    }
    status = 422 if form.is_bound or bound else 200
    return render(request, "tenants/budgets/limits.html", context, status=status)


def _bill(request: PageRequest) -> tuple[datetime, Bill]:
    now, zone = clock.now(), request.tenant.time_zone
    key = request.GET.get("month", "")
    bill = bill_named(key, now, zone) if key else bills(now, zone, 1)[0]
    if bill is None:
        raise NotFound("There is no such month.")
    return now, bill


def _shown(row: CostRow) -> dict[str, object]:
    return {
        "label": row.label,
        "ident": row.ident,
        "money": [money_words(currency, amount) for currency, amount in row.money],
        "tokens": f"{row.tokens:,}",
        "count": f"{row.count:,}",
    }


def _written(lines: Iterable[tuple[str, ...]]) -> Iterator[bytes]:
    """Yield the file (RFC 4180); the mark at its beginning tells spreadsheets that it is UTF-8."""
    yield b"\xef\xbb\xbf"
    for line in lines:
        text = io.StringIO()
        csv.writer(text, lineterminator="\r\n").writerow([safe_cell(cell) for cell in line])
        yield text.getvalue().encode()


def _require_reader(request: PageRequest) -> None:
    rules.require(rules.may_read_settings(request.membership), _NOT_READER)


def _context(request: PageRequest) -> dict[str, object]:
    return {
        "nav": "budgets",
        "may_set": rules.may_set_budgets(request.membership),
        "zone": request.tenant.time_zone,
    }
