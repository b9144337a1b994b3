"""What the pages of this floor share."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.contrib import messages
from django.http import HttpRequest, QueryDict

from govapp.common.errors import DomainError, Forbidden, NotFound, Unauthenticated


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
