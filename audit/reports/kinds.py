"""Every kind of report that can be asked for, by its slug, in the order of the form."""

from typing import Final

from audit.reports import access, agents, layout, policy_changes, sla
from audit.reports.explaining import REQUEST_KINDS
from audit.reports.framework_law import LAWS
from audit.reports.framework_standards import STANDARDS
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

KINDS: Final[dict[str, Kind]] = {
    kind.slug: kind
    for kind in (
        _OVERSIGHT,
        agents.KIND,
        sla.KIND,
        policy_changes.KIND,
        access.KIND,
        *LAWS,
        *STANDARDS,
        *REQUEST_KINDS,
    )
}
