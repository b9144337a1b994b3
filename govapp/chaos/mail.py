"""What has been delivered: the file-based mail of development."""

import email
import email.policy
import re
from email.message import EmailMessage
from pathlib import Path


def messages_in(path: Path) -> list[EmailMessage]:
    """Read a file of Django's file-based mail: messages between lines of hyphens."""
    parts = re.split(rb"\n-{79}\n", path.read_bytes())
    policy = email.policy.default
    return [
        email.message_from_bytes(part.lstrip(), policy=policy) for part in parts if part.strip()
    ]
