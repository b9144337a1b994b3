"""Why a message did not get through, and whether another attempt makes sense."""


class DeliveryFailure(Exception):
    """It did not get through; the message is safe to store and show. Worth another attempt."""

    def __init__(self, why: str, *, status: int | None = None) -> None:
        super().__init__(why)
        self.why = why[:500]
        self.status = status


class PermanentFailure(DeliveryFailure):
    """It never will: the receiver said so."""
