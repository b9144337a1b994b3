"""What other floors may call: `from audit.services import record`."""

from audit.services.ledger import Entry, record, record_many

__all__ = ["Entry", "record", "record_many"]
