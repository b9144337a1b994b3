"""The page that says who else vouches for the record, up to where, and since when not."""

from zoneinfo import ZoneInfo

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from audit.selectors.anchors import read_anchoring
from audit.selectors.directory import asked_vouchers
from audit.selectors.proofs import signed_size
from audit.views.pages import record_page, zone_of


@require_GET
@record_page
def audit_anchors(request: HttpRequest, slug: str) -> HttpResponse:
    """What is anchored of this record, how old that is, and by whom."""
    context = {
        "nav": "audit",
        "signed_size": signed_size(),
        "anchoring": read_anchoring(),
        "zone": zone_of(request),
    }
    return render(request, "audit/anchors.html", context)


def signed_words(size: int, zone: str) -> str:
    """Say how far the record is signed, and how far somebody else vouches for it."""
    if not size:
        return "Not signed yet"
    words = f"Signed at size {size:,}"
    vouched = read_anchoring().vouched if asked_vouchers() else None
    if vouched is None or vouched.at is None:
        return words
    at = vouched.at.astimezone(ZoneInfo(zone))
    return f"{words}; {vouched.name} vouches for {vouched.size:,} ({at:%-d %b %Y, %H:%M})"
