"""The live inbox: tells a member's open pages that something changed in their tenant.

As a view it is a finite stream with nothing in it, behind the session and the membership;
`govapp.common.asgi.streams` keeps it open, passes on ids and statuses as they are published, and
comes back here every 30 seconds, so that whoever logged out or was suspended stops hearing.
"""

from typing import Final
from urllib.parse import urlsplit

from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.views.decorators.http import require_GET

from govapp.common.asgi.streams import name_channel
from govapp.common.live import TENANT_CHANNEL
from tenants.http import PageRequest

_OWN: Final = frozenset({"", "same-origin", "none"})


@require_GET
def live(request: PageRequest, slug: str) -> HttpResponse:
    """Serve `/t/<slug>/live/`: `request` events with ids only, `resync` after a gap."""
    _refuse_other_origins(request)
    response = HttpResponse(b"retry: 3000\n\n", content_type="text/event-stream; charset=utf-8")
    response["Cache-Control"] = "no-store"
    response["X-Accel-Buffering"] = "no"
    name_channel(request.META, response, f"{TENANT_CHANNEL}{request.tenant.pk}")
    return response


def _refuse_other_origins(request: PageRequest) -> None:
    origin = request.headers.get("Origin", "")
    if origin and urlsplit(origin).netloc != request.get_host():
        raise PermissionDenied
    if request.headers.get("Sec-Fetch-Site", "") not in _OWN:
        raise PermissionDenied
