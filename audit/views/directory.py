"""The directory log for anybody (C2SP tlog-tiles): it names no tenant, and proves what it holds.

Witnesses, monitors and whoever has an evidence pack read it without an account; caches may keep it.
"""

import gzip
from collections.abc import Callable
from typing import Final

from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.http import require_safe

from audit.merkle.paths import ENTRIES, Place, parse_place
from audit.selectors.directory import (
    directory_keys,
    served_checkpoint,
    served_directory_entries,
    served_directory_tile,
)
from govapp.common.errors import NotFound

_NEWEST: Final = "public, max-age=5"
"""The directory grows every ten seconds at most."""
_FOR_EVER: Final = "public, max-age=31536000, immutable"
_OCTETS: Final = "application/octet-stream"


@require_safe
def checkpoint(_: HttpRequest) -> HttpResponse:
    """The newest signed checkpoint, with the cosignatures that it has by now."""
    with transaction.atomic():
        note = served_checkpoint()
    if note is None:
        raise Http404("Nothing is anchored yet.")
    return _public(HttpResponse(note, content_type="text/plain; charset=utf-8"), _NEWEST)


@require_safe
def keys(_: HttpRequest) -> HttpResponse:
    """Every verifier key that the directory has had, with the sizes that each signed."""
    with transaction.atomic():
        rows = [
            {"verifier_key": key.vkey, "from_size": key.from_size, "until_size": key.until_size}
            for key in directory_keys()
        ]
    return _public(JsonResponse({"keys": rows}), _NEWEST)


@require_safe
def tile(_: HttpRequest, tile: str) -> HttpResponse:
    """The hashes of a tile, e.g. `0/x001/067` or `1/000.p/17`."""
    place = parse_place(tile)
    if place is None or place.level == ENTRIES:
        raise Http404("The directory has no such place.")
    data = _served(served_directory_tile, place)
    return _public(HttpResponse(data, content_type=_OCTETS), _FOR_EVER)


@require_safe
def entries(request: HttpRequest, entries: str) -> HttpResponse:
    """A bundle of entries, e.g. `x001/067` or `000.p/17`."""
    place = parse_place(f"entries/{entries}")
    if place is None:
        raise Http404("The directory has no such place.")
    data = _served(served_directory_entries, place)
    headers = {"Vary": "Accept-Encoding"}
    if "gzip" in request.headers.get("Accept-Encoding", ""):
        data, headers["Content-Encoding"] = gzip.compress(data, 6, mtime=0), "gzip"
    return _public(HttpResponse(data, content_type=_OCTETS, headers=headers), _FOR_EVER)


def _served(read: Callable[[Place], bytes], place: Place) -> bytes:
    try:
        with transaction.atomic():
            return read(place)
    except NotFound as error:
        raise Http404(error.detail) from error


def _public(response: HttpResponse, cached: str) -> HttpResponse:
    """For caches; it names nobody and stays as it is."""
    response["Cache-Control"] = cached
    return response
