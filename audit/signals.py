"""What upper floors may want to know of: this floor calls none of them."""

from django.dispatch import Signal

report_finished = Signal()
"""A report was finished. Sent inside the transaction, with `report` (the row) and `recipients`
(public ids of members who are to get a link, none for a report that somebody asked for)."""

stream_stopped = Signal()
"""A stream was given up. Sent inside the transaction, with `stream` (the row) and `at`."""
