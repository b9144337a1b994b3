"""Evidence packs by page."""

from django.http import FileResponse, HttpRequest, HttpResponseBase
from django.utils import timezone
from django.views.decorators.http import require_POST

from audit.services.packs import make_pack
from audit.views.filters import filter_of
from audit.views.pages import reader_of, record_page, repr_digest


@require_POST
@record_page
def audit_pack(request: HttpRequest, slug: str) -> HttpResponseBase:
    """The events of the present filter as an evidence pack, without what is not to be told."""
    pack = make_pack(
        actor=reader_of(request).as_actor(),
        wanted=filter_of(request),
        redact=request.POST.getlist("redact"),
    )
    return FileResponse(
        pack.file,
        as_attachment=True,
        filename=f"{slug}-evidence-{timezone.now():%Y%m%dT%H%M%SZ}.zip",
        content_type="application/zip",
        headers={"Repr-Digest": repr_digest(pack.sha256)},
    )
