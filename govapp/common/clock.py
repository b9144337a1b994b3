"""The one clock: PostgreSQL's. Hosts disagree about the time; the database decides.

`govapp_now()` is a function in the database. In production it is `clock_timestamp()`; in
development and tests `install_settable_clock` (as the owner) adds an offset from a one-row table,
so that a test moves the database's time and every process sees it.
"""

from datetime import UTC, datetime, timedelta

from django.conf import settings
from django.db import connection, models

INSTALL_SETTABLE_CLOCK = """
CREATE TABLE IF NOT EXISTS govapp_clock (only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
                                         shift interval NOT NULL DEFAULT '0');
INSERT INTO govapp_clock DEFAULT VALUES ON CONFLICT DO NOTHING;
GRANT SELECT, UPDATE ON govapp_clock TO govapp_app;
GRANT SELECT ON govapp_clock TO govapp_door;
CREATE OR REPLACE FUNCTION govapp_now() RETURNS timestamptz LANGUAGE sql VOLATILE AS
$$ SELECT clock_timestamp() + shift FROM govapp_clock $$;
"""

REMOVE_SETTABLE_CLOCK = """
CREATE OR REPLACE FUNCTION govapp_now() RETURNS timestamptz LANGUAGE sql VOLATILE AS
$$ SELECT clock_timestamp() $$;
DROP TABLE IF EXISTS govapp_clock;
"""


class Now(models.Func):
    """`govapp_now()` inside a query: the database's time at the moment the row is reached."""

    function = "govapp_now"
    arity = 0
    output_field = models.DateTimeField()


def now() -> datetime:
    """Return the database's time in UTC.

    No statement inside of a tenant's transaction, which was told the time as it began and counts
    from there; one elsewhere.
    """
    told: datetime | None = connection.time_in_transaction()  # type: ignore[attr-defined]
    if told is not None:
        return told
    with connection.cursor() as cursor:
        cursor.execute("SELECT govapp_now()")
        (value,) = cursor.fetchone()
    moment: datetime = value
    return moment.astimezone(UTC)


def shift_clock(shift: timedelta) -> None:
    """Move the database's time by `shift` from the real one. Development and tests only."""
    if not settings.CLOCK_IS_SETTABLE:
        raise RuntimeError("The clock cannot be moved here.")
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE govapp_clock SET shift = make_interval(secs => %s)", [shift.total_seconds()]
        )
    connection.forget_time()  # type: ignore[attr-defined]
