"""Models: which may be called, at what price, and the calls through the gateway."""

from typing import Final

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from approvals.forms.models import PriceForm
from approvals.selectors.model_calls import find_price, price_rows, recent_calls, use_by_model
from approvals.services.model_prices import remove_price, set_price
from govapp.common.errors import NotFound
from govapp.common.forms import refusals_on
from tenants import rules
from tenants.http import PageRequest
from tenants.views.common import flash_refusal, posted

_NOT_READER: Final = "Your role does not include calls of models."


@require_http_methods(["GET", "HEAD", "POST"])
def models(request: PageRequest, slug: str) -> HttpResponse:
    """Show prices, use by model, and the newest calls; a POST sets a price."""
    rules.require(rules.may_read_settings(request.membership), _NOT_READER)
    form = PriceForm(posted(request))
    if form.is_bound and form.is_valid():
        with refusals_on(form):
            made = set_price(actor=request.membership, **form.cleaned_data)
            messages.success(request, f"The price of {made.pattern} holds from the next call on.")
            return redirect("models", slug)
    context = {
        "nav": "models",
        "form": form,
        "prices": price_rows(),
        "uses": use_by_model(),
        "calls": recent_calls(),
        "may_edit": rules.may_set_model_prices(request.membership),
    }
    return render(request, "approvals/models.html", context, status=422 if form.is_bound else 200)


@require_POST
def price_remove(request: PageRequest, slug: str, price: str) -> HttpResponse:
    """Take a price away; models that only it named are refused from the next call on."""
    found = find_price(price)
    if found is None:
        raise NotFound("There is no such price here.")
    with flash_refusal(request):
        remove_price(actor=request.membership, price=found)
        messages.success(request, f"{found.pattern} has no price any more.")
    return redirect("models", slug)
