"""What a page showed to whom and when, signed into its form: votes are bound to it.

Design: security page, "Decisions": the approver's POST carries the digest that was shown. The
time is signed too, so that how long somebody looked is computed here and not by the browser.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from django.core import signing

from approvals.enums import VoteChannel
from approvals.models import ActionRequest
from govapp.common.errors import Stale

_SALT: Final = "approvals.ballots"


@dataclass(frozen=True)
class Seen:
    """What somebody had before their eyes."""

    payload_digest: str
    request_version: int
    shown_at: datetime
    channel: VoteChannel

    def seconds_until(self, now: datetime) -> int:
        """Return how long it was looked at, in whole seconds."""
        return max(int((now - self.shown_at).total_seconds()), 0)


def sign_seen(
    request: ActionRequest,
    *,
    reader: str,
    now: datetime,
    channel: VoteChannel = VoteChannel.PAGE,
) -> str:
    """Return what a form carries. `reader` is the id of who sees it, `channel` is where."""
    seen = {
        "request": request.public_id,
        "reader": reader,
        "digest": request.payload_digest,
        "version": request.version,
        "at": now.timestamp(),
        "channel": channel,
    }
    return signing.dumps(seen, salt=_SALT)


def read_seen(text: str, request: ActionRequest, *, reader: str) -> Seen:
    """Return what the form carried; raise `Stale` when it is not from this page and reader."""
    try:
        seen = signing.loads(text, salt=_SALT)
    except signing.BadSignature:
        seen = {}
    if (seen.get("request"), seen.get("reader")) != (request.public_id, reader):
        raise Stale("This form is not from this page. Look at the request again, then decide.")
    # A page that was open while Govapp was brought up to date says nothing about where it is.
    channel = VoteChannel(seen.get("channel", VoteChannel.PAGE))
    shown_at = datetime.fromtimestamp(seen["at"], UTC)
    return Seen(seen["digest"], seen["version"], shown_at, channel)
