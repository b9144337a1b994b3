"""What the pages of this floor share."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from django.contrib import messages
from django.forms import Form
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import render

from govapp.common.errors import DomainError, Forbidden, NotFound, Unauthenticated
from govapp.common.forms import refusals_on
from tenants.departures import ConfirmationNeeded


@contextmanager
def flash_refusal(request: HttpRequest) -> Iterator[None]:
    """Say a refusal above the next page, where a button was pressed and nothing was typed."""
    try:
        yield
    except (Forbidden, NotFound, Unauthenticated):
        raise
    except DomainError as error:
        messages.error(request, error.detail)


def posted(request: HttpRequest) -> QueryDict | None:
    """Return what a form is bound to: what was posted, also when it is empty, or nothing."""
    return request.POST if request.method == "POST" else None


def save_or_show(
    form: Form, save: Callable[[], HttpResponse], show: Callable[[], HttpResponse]
) -> HttpResponse:
    """Save what was posted; show the form when nothing was, and with what is wrong when it is."""
    if form.is_bound and form.is_valid():
        with refusals_on(form):
            return save()
    return show()


def form_page(request: HttpRequest, template: str, form: Form, **context: object) -> HttpResponse:
    """Render a page that is about one form: 422 when something was posted that cannot be."""
    shown = {"form": form} | context
    return render(request, template, shown, status=422 if form.is_bound else 200)


def is_confirmed(request: HttpRequest) -> bool:
    """Whether this was posted from the page of `ask_first`."""
    return request.POST.get("confirmed") == "yes"


def ask_first(
    request: HttpRequest, needed: ConfirmationNeeded, *, title: str, back: str
) -> HttpResponse:
    """Show what would stand still, with what was posted, to be sent again or left."""
    kept = [
        (name, value)
        for name, values in request.POST.lists()
        if name not in {"csrfmiddlewaretoken", "confirmed"}
        for value in values
    ]
    context = {"nav": "people", "title": title, "back": back, "needed": needed, "kept": kept}
    return render(request, "tenants/confirm_departure.html", context, status=409)
