"""A named officer vouches for one finished report: for exactly these bytes, in so many words."""

from typing import Final
from uuid import UUID

from django.db import IntegrityError, transaction

from audit.actors import Actor
from audit.models import Report, ReportAttestation, ReportStatus
from audit.services.report_events import name_of, record_report
from govapp.common.errors import Conflict, Invalid, NotFound

MOST_CHARACTERS: Final = 1000
USUAL: Final = (
    "I have read this report. To my knowledge it is complete and shows what happened in its period."
)


@transaction.atomic
def attest_report(*, actor: Actor, report_id: UUID, statement: str) -> ReportAttestation:
    """Record that an officer vouches for a finished report; each officer once.

    Raises `NotFound` without a finished report, `Invalid` for no words or too many, `Conflict` when
    this officer has attested it already.
    """
    report = Report.objects.select_for_update().filter(pk=report_id).first()
    if report is None or report.status != ReportStatus.READY:
        raise NotFound("There is no finished report of this name.")
    statement = " ".join(statement.split())
    if not statement or len(statement) > MOST_CHARACTERS or "\0" in statement:
        raise Invalid(f"Say in at most {MOST_CHARACTERS} characters what you attest.")
    try:
        with transaction.atomic():
            row = ReportAttestation.objects.create(
                report=report,
                sha256=report.sha256,
                attested_by_id=actor.id,
                attested_by_name=actor.name,
                statement=statement,
            )
    except IntegrityError as error:
        raise Conflict("You have attested this report already.") from error
    record_report(
        report,
        actor,
        "report.attested",
        f"{actor.name} attested the {name_of(report)}: “{statement}”",
        sha256=report.sha256,
        statement=statement,
    )
    return row
