"""What can go wrong in a service, in words for whoever has to act on it.

Services raise these; only an edge (`govapp.common.api.problems`, a page's view) turns one into
HTTP. `detail` is shown to people and agents: it says what to do and never holds a secret.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True)
class FieldError:
    """One fault in the input: where (a JSON pointer, RFC 6901) and what to do about it."""

    pointer: str
    detail: str


class DomainError(Exception):
    """Base of all refusals. `code` is stable and machine readable."""

    code = "refused"
    title = "Refused"

    def __init__(
        self, detail: str, *, code: str | None = None, errors: Sequence[FieldError] = ()
    ) -> None:
        super().__init__(detail)
        self.detail = detail
        self.code = code or self.code
        self.errors = tuple(errors)


class Malformed(DomainError):
    """The input cannot be read at all, or names a field that does not exist (HTTP 400)."""

    code = "malformed"
    title = "The request cannot be read"


class Unauthenticated(DomainError):
    """Nobody is known by what was sent (HTTP 401)."""

    code = "unauthenticated"
    title = "Authentication is needed"
    challenge = 'Bearer realm="govapp"'  # of WWW-Authenticate (RFC 9110, section 11.6.1)


class Forbidden(DomainError):
    """Known, but not allowed to do this (HTTP 403)."""

    code = "forbidden"
    title = "Not allowed"


class NotFound(DomainError):
    """There is no such thing in this tenant; another tenant's things look the same (HTTP 404)."""

    code = "not_found"
    title = "Not found"


class Gone(NotFound):
    """It was there, and its time of keeping is over (HTTP 410)."""

    code = "gone"
    title = "No longer kept"


class Conflict(DomainError):
    """It can no longer be done: the state has moved on (HTTP 409)."""

    code = "conflict"
    title = "Conflict with the present state"


class NotYet(Conflict):
    """It will be possible, at `not_before` and not earlier (HTTP 409 with Retry-After)."""

    code = "not_yet"
    title = "Too early"

    def __init__(self, detail: str, *, not_before: datetime, retry_after: int) -> None:
        super().__init__(detail)
        self.not_before = not_before
        self.retry_after = retry_after


class Stale(DomainError):
    """What the caller saw is not what is there now (HTTP 412)."""

    code = "stale"
    title = "This changed while you were reading"


class PreconditionRequired(DomainError):
    """A write that does not say what it was made from could undo somebody's work (HTTP 428)."""

    code = "precondition_required"
    title = "Say what you started from"


class TooLarge(DomainError):
    """The input is over a limit (HTTP 413)."""

    code = "too_large"
    title = "Too large"


class Invalid(DomainError):
    """Readable, but it breaks a rule; `errors` says where (HTTP 422)."""

    code = "invalid"
    title = "The request is not valid"


class RateLimited(DomainError):
    """Too many requests; try again after `retry_after` seconds (HTTP 429)."""

    code = "rate_limited"
    title = "Too many requests"

    def __init__(self, detail: str, *, retry_after: int) -> None:
        super().__init__(detail)
        self.retry_after = retry_after


class Unavailable(DomainError):
    """What is needed to decide this is away for a moment, so it is refused (HTTP 503)."""

    code = "unavailable"
    title = "Not for a moment"
    retry_after = 10
