"""An invitation's link: opening it shows it, only the button accepts."""

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from govapp.common.errors import Conflict, Forbidden, NotFound
from govapp.common.forms import refusals_on
from tenants.forms import AcceptForm
from tenants.models import User
from tenants.selectors import OpenedInvitation, opened_invitation
from tenants.services.invitations import accept_invitation
from tenants.views.common import posted


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@sensitive_post_parameters("password")
def invitation(request: HttpRequest, token: str) -> HttpResponse:
    try:
        opened = opened_invitation(token)
    except NotFound as error:
        raise Http404 from error
    except Conflict as error:
        return render(request, "tenants/invitation_closed.html", {"why": error.detail}, status=410)
    user = request.user if isinstance(request.user, User) else None
    form = AcceptForm(posted(request), initial={"name": opened.name})
    context = {"opened": opened, "form": form, "step": _step(opened, user)}
    if request.method != "POST":
        return render(request, "tenants/invitation.html", context)
    if user is None and not form.is_valid():
        return render(request, "tenants/invitation.html", context, status=422)
    with refusals_on(form):
        try:
            accept_invitation(
                token=token,
                user=user,
                name=form.cleaned_data["name"] if user is None else "",
                password=form.cleaned_data["password"] if user is None else "",
            )
        except Forbidden as error:
            form.add_error(None, error.detail)
        else:
            messages.success(request, f"You are a member of {opened.tenant_name} now.")
            return redirect("home" if user else "account_login")
    return render(request, "tenants/invitation.html", context, status=422)


def _step(opened: OpenedInvitation, user: User | None) -> str:
    """Return what the holder has to do: `join`, `accept`, `log_in` or `log_out`."""
    if user is not None:
        return "accept" if user.email == opened.email else "log_out"
    return "log_in" if opened.has_login else "join"
