"""Words for figures, spans of time and states, as the pages and reports print them."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal, InvalidOperation

NBSP = "\u00a0"


@dataclass(frozen=True, slots=True)
class Badge:
    """How one state is shown: its word, its icon, and its tone (a CSS modifier)."""

    word: str
    icon: str
    tone: str


RISKS = {
    "low": Badge("Low risk", "signal-low", "neutral"),
    "medium": Badge("Medium risk", "signal-medium", "info"),
    "high": Badge("High risk", "signal-high", "warn"),
    "critical": Badge("Critical risk", "octagon-alert", "bad"),
}

STATUSES = {
    # an action request (domain.md, 2)
    "pending": Badge("Waiting", "circle-dashed", "info"),
    "allowed": Badge("Allowed by rule", "circle-check", "ok"),
    "approved": Badge("Approved", "circle-check", "ok"),
    "denied": Badge("Denied", "circle-x", "bad"),
    "blocked": Badge("Blocked", "ban", "bad"),
    "returned": Badge("Sent back", "undo-2", "warn"),
    "expired": Badge("Expired", "hourglass", "neutral"),
    "cancelled": Badge("Cancelled", "x", "neutral"),
    # its execution
    "not_started": Badge("Not started", "circle-dashed", "neutral"),
    "granted": Badge("Permission issued", "key-round", "info"),
    "redeemed": Badge("Permission used", "check", "info"),
    "succeeded": Badge("Done", "circle-check", "ok"),
    "failed": Badge("Failed", "triangle-alert", "bad"),
    "rolled_back": Badge("Rolled back", "rotate-ccw", "warn"),
    "unknown": Badge("Outcome unknown", "circle-question-mark", "warn"),
    # its stages and timers
    "waiting": Badge("Waiting", "circle-dashed", "neutral"),
    "open": Badge("Open", "circle-dot", "info"),
    "satisfied": Badge("Satisfied", "circle-check", "ok"),
    "closed": Badge("Closed", "x", "neutral"),
    "armed": Badge("Armed", "timer", "info"),
    "fired": Badge("Fired", "bell", "neutral"),
    "skipped": Badge("Skipped, late", "triangle-alert", "warn"),
    "superseded": Badge("Superseded", "corner-down-right", "neutral"),
    # calls of models; a stream that is given up is stopped, too
    "answered": Badge("Answered", "circle-check", "ok"),
    "refused": Badge("Refused", "ban", "bad"),
    "halted": Badge("Stopped", "octagon-x", "bad"),
    "given_up": Badge("Given up", "log-out", "neutral"),
    "lost": Badge("Lost", "circle-question-mark", "warn"),
    # what a rule does with a request
    "deny": Badge("Denied", "ban", "bad"),
    "require_approval": Badge("Needs approval", "user-check", "info"),
    "allow": Badge("Allowed", "circle-check", "ok"),
    # runs of agents
    "left_open": Badge("Left open", "hourglass", "warn"),
    # policy versions
    "draft": Badge("Draft", "file-pen-line", "neutral"),
    "shadow": Badge("Shadow", "flask-conical", "info"),
    "in_review": Badge("In review", "eye", "warn"),
    "scheduled": Badge("Scheduled", "clock", "info"),
    "live": Badge("Live", "radio", "ok"),
    "archived": Badge("Archived", "archive", "neutral"),
    "rejected": Badge("Rejected", "circle-x", "bad"),
    "withdrawn": Badge("Withdrawn", "rotate-ccw", "neutral"),
    "tightens": Badge("Tightens", "shield-check", "ok"),
    "weakens": Badge("Weakens", "shield-alert", "warn"),
    "both": Badge("Tightens and weakens", "shield-alert", "warn"),
    "same": Badge("Changes no outcome", "equal", "neutral"),
    # agents, people, keys
    "active": Badge("Active", "circle-check", "ok"),
    "paused": Badge("Paused", "circle-pause", "warn"),
    "suspended": Badge("Suspended", "circle-pause", "warn"),
    "retired": Badge("Retired", "archive", "neutral"),
    "left": Badge("Left", "log-out", "neutral"),
    "invited": Badge("Invited", "mail", "info"),
    "revoked": Badge("Revoked", "ban", "bad"),
    # integrations
    "unchecked": Badge("Check not passed", "triangle-alert", "warn"),
    # callback endpoints
    "enabled": Badge("Enabled", "circle-check", "ok"),
    "disabled": Badge("Disabled", "circle-pause", "neutral"),
    # streams of the record
    "failing": Badge("Not accepted", "triangle-alert", "bad"),
    "accepted": Badge("Accepted", "circle-check", "ok"),
    # jobs and deliveries
    "queued": Badge("Queued", "clock", "neutral"),
    "running": Badge("Running", "loader", "info"),
    "ready": Badge("Ready", "circle-check", "ok"),
    "done": Badge("Done", "circle-check", "ok"),
    "finished": Badge("Finished", "circle-check", "ok"),
    "sent": Badge("Sent", "send", "ok"),
    "delivered": Badge("Delivered", "circle-check", "ok"),
    "dropped": Badge("No longer needed", "x", "neutral"),
}


def badge_for(table: dict[str, Badge], key: object) -> Badge:
    """The badge of `key`; a state nobody named yet shows its own word, calmly."""
    text = str(getattr(key, "value", key) or "none")
    word = text.replace("_", " ").capitalize()
    return table.get(text.lower(), Badge(word, "circle-dot", "neutral"))


def span_short(span: timedelta) -> str:
    """A length of time in one unit: "now", "40s", "12m", "3h", "5d", "7w", "2y" (rounded down)."""
    seconds = int(abs(span).total_seconds())
    for size, letter in ((31536000, "y"), (604800, "w"), (86400, "d"), (3600, "h"), (60, "m")):
        if seconds >= size * (2 if letter == "w" else 1):
            return f"{seconds // size}{letter}"
    return f"{seconds}s" if seconds >= 5 else "now"


def span_two(span: timedelta) -> str:
    """A length of time in its two largest units: "2 d 4 h", "1 h 05 min", "4 min 09 s"."""
    seconds = int(abs(span).total_seconds())
    days, hours = divmod(seconds // 3600, 24)
    minutes, rest = seconds // 60 % 60, seconds % 60
    if days:
        return f"{days} d {hours} h"
    if hours:
        return f"{hours} h {minutes:02d} min"
    if minutes:
        return f"{minutes} min {rest:02d} s"
    return f"{rest} s"


def urgency(left: timedelta) -> str:
    """`overdue`, `soon` (an hour or less) or `later`: the inbox's three groups."""
    if left <= timedelta(0):
        return "overdue"
    return "soon" if left <= timedelta(hours=1) else "later"


def money_text(amount: object, currency: str = "") -> str:
    """An amount of money, never rounded: "EUR 48,200" or "EUR 48,200.50".

    Two decimals at least when there is a fraction. What is not a number is returned as it is: the
    page must show what the agent sent, not guess.
    """
    try:
        value = Decimal(str(amount))
    except InvalidOperation:
        return str(amount)
    if not value.is_finite():
        return str(amount)
    text = f"{value:,f}"
    whole, _, fraction = text.partition(".")
    fraction = fraction.rstrip("0")
    if fraction:
        whole = f"{whole}.{fraction:0<2}"
    return f"{currency}{NBSP}{whole}" if currency else whole


def digest_text(digest: object) -> str:
    """A digest as lower-case hexadecimal, from bytes or text; a `sha256:` prefix is dropped."""
    if isinstance(digest, bytes | bytearray | memoryview):
        return bytes(digest).hex()
    return str(digest).removeprefix("sha256:").lower()


def digest_brief(digest: object) -> str:
    """The first and last characters of a digest, enough to compare two by eye: "9f86d081…0a08"."""
    text = digest_text(digest)
    return f"{text[:8]}…{text[-4:]}" if len(text) > 16 else text


def utc_minute(instant: datetime) -> str:
    """An instant inside a sentence, to the minute: "2026-03-01 09:30 UTC"."""
    return f"{instant.astimezone(UTC):%Y-%m-%d %H:%M} UTC"


def utc_second(instant: datetime) -> str:
    """An instant inside a sentence, to the second: "2026-03-01 09:30:00 UTC"."""
    return f"{instant.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"


def aware_iso(instant: datetime) -> str:
    """An instant for a `datetime` attribute, to the second, with its offset (RFC 3339)."""
    return instant.isoformat(timespec="seconds")
