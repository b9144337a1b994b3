"""What must not exist, for those who have to see to it."""

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from approvals.selectors.findings import read_findings
from govapp.common import clock
from tenants.http import PageRequest
from tenants.rules import may_read_settings, require


@require_safe
def findings(request: PageRequest, slug: str) -> HttpResponse:
    """Show what the watch finds now, and what it found before."""
    require(
        may_read_settings(request.membership),
        "Only owners, compliance and auditors see what the watch found.",
    )
    context = {
        "nav": "findings",
        "now": clock.now(),
        "open": read_findings(is_open=True),
        "former": read_findings(is_open=False),
    }
    return render(request, "approvals/findings.html", context)
