"""What Celery may call: ids in, one service call each."""

from uuid import UUID

from celery import shared_task

from audit.services.sequencer import sequence_all


@shared_task(name="audit.sequence")
def sequence() -> None:
    """Beat's backup for the steady sequencer: take one batch of every tenant that waits."""
    sequence_all()


@shared_task(name="audit.close_days")
def close_days() -> None:
    """Close the days that are over, of every tenant."""
    from audit.services.days import close_all_days

    close_all_days()


@shared_task(name="audit.sweep_reports")
def sweep_reports() -> None:
    """Ask for the reports that are due, and again for what lost its hint or its maker."""
    from audit.services.report_schedules import sweep_schedules
    from audit.services.reports import requeue_reports

    sweep_schedules()
    requeue_reports()


@shared_task(name="audit.make_report", time_limit=270)
def make_report(report_id: str, tenant_id: str) -> None:
    """Render one report that was asked for."""
    from audit.services.reports import make_report as make

    make(tenant_id=UUID(tenant_id), report_id=UUID(report_id))
