"""Celery's way in: ids in, one call out."""

from celery import shared_task

from approvals.services import watch as watching
from approvals.sweeps import sweep_all


@shared_task(name="approvals.sweep")
def sweep() -> None:
    """Do what is due, should the sweeper not be running: beat's backup."""
    sweep_all()


@shared_task(name="approvals.watch")
def watch() -> None:
    """Look for what must not exist."""
    watching.watch()
