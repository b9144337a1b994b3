"""What a message says: the consequence first, who asks, why, and until when."""

from approvals.messages import Fact, Link, LinkRole, Message
from approvals.models import Notification

__all__ = ["Fact", "Link", "LinkRole", "Message", "compose"]


def compose(row: Notification) -> Message:
    """Return the message of a claimed row; makes its link. Called in the claim's transaction."""
    raise NotImplementedError
