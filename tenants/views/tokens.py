"""A member's own tokens for the API: each is shown once, in the answer to the POST itself."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from govapp.common.forms import refusals_on
from tenants.forms import TokenForm
from tenants.http import PageRequest
from tenants.selectors import get_token, tokens_of
from tenants.services.tokens import issue_token, revoke_token
from tenants.views.common import flash_refusal, posted


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def tokens(request: PageRequest, slug: str) -> HttpResponse:
    """Show the member's tokens; a POST issues one."""
    form = TokenForm(posted(request))
    if request.method == "POST" and form.is_valid():
        with refusals_on(form):
            token, text = issue_token(
                actor=request.membership,
                label=form.cleaned_data["label"],
                lifetime=form.lifetime,
            )
            context = {"token": token, "text": text}
            return render(request, "tenants/token_issued.html", context)
    context = {"form": form, "tokens": tokens_of(request.membership)}
    return render(request, "tenants/tokens.html", context, status=422 if form.is_bound else 200)


@require_POST
def token_revoke(request: PageRequest, slug: str, token: str) -> HttpResponse:
    """Refuse one of the member's tokens from now on."""
    found = get_token(request.membership, token)
    with flash_refusal(request):
        revoke_token(actor=request.membership, token=found)
        messages.success(request, f"The token {found.label} is refused from now on.")
    return redirect("tokens", slug)
