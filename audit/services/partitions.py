"""The partitions that the record's events are written into, one for each year of their ids."""

import structlog

from govapp.common import partitions

log = structlog.get_logger(__name__)


def make_partitions() -> None:
    """Make the partitions of this year and the next that are missing; what cannot be is logged.

    Nothing is lost meanwhile: events of a year that has none lie in the default partition.
    """
    for name, problem in partitions.make_partitions():
        if problem:
            log.error("ledger.partition_missing", partition=name, reason=problem)
        else:
            log.info("ledger.partition_made", partition=name)
