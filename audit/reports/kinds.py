"""Every kind of report that can be asked for, by its slug."""

from typing import Final

from audit.reports import layout
from audit.reports.kind import Gather, Keep, Kind, Needs, Source

__all__ = ["KINDS", "Gather", "Keep", "Kind", "Needs", "Source"]

_OVERSIGHT: Final = Kind(
    slug="oversight",
    title="Oversight report",
    purpose="What agents asked for, who decided, and what was out of the ordinary.",
    needs=Needs.PERIOD,
    gather=layout.gather_oversight,
    template="audit/reports/oversight.html",
)

KINDS: Final[dict[str, Kind]] = {kind.slug: kind for kind in (_OVERSIGHT,)}
