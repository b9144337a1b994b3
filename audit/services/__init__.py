"""What other floors may call: `from audit.services import record`."""

from audit.services.alike import Alike
from audit.services.bodies import Entry
from audit.services.ledger import record, record_entry, record_many

__all__ = ["Alike", "Entry", "record", "record_entry", "record_many"]
