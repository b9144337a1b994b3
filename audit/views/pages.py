"""What the pages of this floor share: who may read, and refusals as pages."""

import base64
from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec, cast

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponseBase
from django.shortcuts import render

from audit.readers import Reader, check_may_read
from govapp.common.errors import DomainError, Forbidden, NotFound

P = ParamSpec("P")
View = Callable[Concatenate[HttpRequest, str, P], HttpResponseBase]


def record_page(view: View[P]) -> View[P]:
    """Wrap a page under `/t/<slug>/`: checks the reader, turns refusals into pages.

    Wants `request.membership`, which the pages' middleware sets.
    """

    @wraps(view)
    def page(
        request: HttpRequest, slug: str, *args: P.args, **kwargs: P.kwargs
    ) -> HttpResponseBase:
        try:
            check_may_read(reader_of(request))
            return view(request, slug, *args, **kwargs)
        except Forbidden as error:
            raise PermissionDenied(error.detail) from error
        except NotFound as error:
            raise Http404(error.detail) from error
        except DomainError as error:
            return render(request, "400.html", {"detail": error.detail}, status=400)

    return cast("View[P]", page)


def reader_of(request: HttpRequest) -> Reader:
    """Return the member whose page this is."""
    reader: Reader = request.membership  # type: ignore[attr-defined]
    return reader


def zone_of(request: HttpRequest) -> str:
    """Return the time zone in which the tenant counts its days."""
    return str(getattr(getattr(request, "tenant", None), "time_zone", "") or "UTC")


def repr_digest(sha256: str) -> str:
    """Return the value of the header `Repr-Digest` (RFC 9530) for a SHA-256 in hexadecimal."""
    digest = base64.b64encode(bytes.fromhex(sha256)).decode("ascii")
    return f"sha-256=:{digest}:"
