"""What Celery may call: ids in, one service call each."""

from uuid import UUID

from celery import shared_task

from audit.services.sequencer import sequence_all


@shared_task(name="audit.sequence")
def sequence() -> None:
    """Beat's backup for the steady sequencer: take one batch of every tenant that waits."""
    sequence_all()


@shared_task(name="audit.index")
def index() -> None:
    """Beat's backup for what the idle sequencer does: index what is not searched yet."""
    from audit.services.search_index import index_waiting

    index_waiting()


@shared_task(name="audit.anchor")
def anchor() -> None:
    """Enter new checkpoints into the directory log, and hint at whom to ask about it."""
    from audit.services.directory import grow_directory
    from audit.services.vouching import ask_due_vouchers

    grow_directory()
    ask_due_vouchers()


@shared_task(name="audit.ask_voucher")
def ask_voucher(name: str) -> None:
    """Ask one witness or time-stamping authority to vouch for the directory log."""
    from audit.services.vouching import ask_voucher as ask

    ask(name=name)


@shared_task(name="audit.close_days")
def close_days() -> None:
    """Close the days that are over, of every tenant."""
    from audit.services.days import close_all_days

    close_all_days()


@shared_task(name="audit.make_partitions")
def make_partitions() -> None:
    """Make next year's partition of the record long before it is needed."""
    from audit.services.partitions import make_partitions as make

    make()


@shared_task(name="audit.sweep_reports")
def sweep_reports() -> None:
    """Ask for the reports that are due, and again for what lost its hint or its maker."""
    from audit.services.report_schedules import sweep_schedules
    from audit.services.reports import requeue_reports

    sweep_schedules()
    requeue_reports()


@shared_task(name="audit.sweep_exports")
def sweep_exports() -> None:
    """Ask again for exports whose writer is gone; remove the files that are not needed any more."""
    from audit.services.export_jobs import remove_exports, requeue_exports

    requeue_exports()
    remove_exports()


@shared_task(name="audit.sweep_streams")
def sweep_streams() -> None:
    """Hint at the streams that have something to send."""
    from audit.services.stream_delivery import sweep_streams as sweep

    sweep()


@shared_task(name="audit.deliver_stream")
def deliver_stream(stream_id: str, tenant_id: str) -> None:
    """Send what one stream waits for."""
    from audit.services.stream_delivery import deliver_stream as deliver

    deliver(tenant_id=UUID(tenant_id), stream_id=UUID(stream_id))


@shared_task(name="audit.test_stream")
def test_stream(stream_id: str, tenant_id: str) -> None:
    """Send the test of a stream that somebody asked for."""
    from audit.services.stream_tests import send_test

    send_test(tenant_id=UUID(tenant_id), stream_id=UUID(stream_id))


@shared_task(name="audit.erase_again")
def erase_again() -> None:
    """Look again at erasures that are not over: somebody may have been writing meanwhile."""
    from audit.services.erasing_again import erase_again as look

    look()


@shared_task(name="audit.write_export", time_limit=3_600)
def write_export(job_id: str, tenant_id: str) -> None:
    """Write the file of one export that was asked for."""
    from audit.services.export_jobs import write_export as write

    write(tenant_id=UUID(tenant_id), job_id=UUID(job_id))


@shared_task(name="audit.make_report", time_limit=270)
def make_report(report_id: str, tenant_id: str) -> None:
    """Render one report that was asked for."""
    from audit.services.reports import make_report as make

    make(tenant_id=UUID(tenant_id), report_id=UUID(report_id))


@shared_task(name="audit.run_pruning", time_limit=3_600)
def run_pruning(pruning_id: str, tenant_id: str) -> None:
    """Do one pruning that was asked for and confirmed."""
    from audit.services.pruning import run_pruning as run

    run(tenant_id=UUID(tenant_id), pruning_id=UUID(pruning_id))


@shared_task(name="audit.sweep_prunings", time_limit=3_600)
def sweep_prunings() -> None:
    """Go on with prunings whose worker is gone."""
    from audit.services.retention import sweep_prunings as sweep

    sweep()


@shared_task(name="audit.prune_daily", time_limit=3_600)
def prune_daily() -> None:
    """Prune what is over age, in the tenants that have switched it on."""
    from audit.services.retention import prune_daily as prune

    prune()
