"""What happens to a report, as the record keeps it."""

from datetime import timedelta

from audit.actors import Actor, Subject
from audit.models import Report
from audit.reports.kinds import KINDS
from audit.services.ledger import record
from govapp.common.ids import public_id


def name_of(report: Report) -> str:
    """Name a report in a sentence: its kind, and its period or request."""
    title = in_sentence(KINDS[report.kind].title)
    if report.request_id is not None:
        return f"{title} of {public_id('ar', report.request_id)}"
    if report.period_start is None or report.period_end is None:
        return title
    first, last = report.period_start, report.period_end - timedelta(microseconds=1)
    return f"{title} of {first:%Y-%m-%d} to {last:%Y-%m-%d}"


def in_sentence(title: str) -> str:
    """Return a title as it stands inside of a sentence: names of laws keep their capitals."""
    return title if title[:2].isupper() else title[0].lower() + title[1:]


def record_report(
    report: Report, actor: Actor, event_type: str, summary: str, **data: object
) -> None:
    """Record an event about a report: which kind, of which period or request."""
    ident = public_id("rep", report.pk)
    about: dict[str, object] = {"kind": report.kind}
    if report.request_id:
        about["request"] = public_id("ar", report.request_id)
    if report.period_start and report.period_end:
        about["period_start"] = report.period_start.isoformat()
        about["period_end"] = report.period_end.isoformat()
    record(
        event_type=event_type,
        actor=actor,
        subject=Subject("report", ident, name_of(report)),
        summary=summary,
        data=about | data,
    )
