"""What other floors may call: `from audit.services import record`."""

from audit.services.ledger import record

__all__ = ["record"]
