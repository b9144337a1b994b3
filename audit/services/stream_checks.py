"""What a person may set of a stream."""

from dataclasses import dataclass, field
from typing import Final

from audit.exporting.streaming import FORMATS
from audit.models import StreamKind
from audit.selectors.events import EventFilter
from audit.stream_addresses import require_usable_address
from audit.transports.syslog import trusting
from govapp.common.errors import FieldError, Invalid

LONGEST_NAME: Final = 80
MOST_AT_ONCE: Final = 500
_LONGEST_ROOTS: Final = 64 * 1024
_LONGEST_AUTHORIZATION: Final = 2_000


@dataclass(frozen=True)
class Wanted:
    """What a person can set of a stream. `authorization` None leaves what there is."""

    name: str
    address: str
    format: str = "jsonl"
    discloses: bool = False
    filter: EventFilter = field(default_factory=EventFilter)
    at_once: int = MOST_AT_ONCE
    roots: str = ""
    authorization: str | None = None


def check_wanted(kind: str, wanted: Wanted) -> None:
    """Raise `Invalid` (`Malformed` for the filter) for what no stream can be."""
    name = wanted.name
    if not name or len(name) > LONGEST_NAME or name != " ".join(name.split()):
        raise _fault("/name", f"Give it a name of at most {LONGEST_NAME} characters.")
    if not name.isprintable():
        raise _fault("/name", "Use visible characters only.")
    require_usable_address(kind, wanted.address)
    chosen = FORMATS.get(wanted.format)
    if chosen is None or (kind == StreamKind.WEBHOOK and not chosen.for_webhooks):
        raise _fault("/format", "Choose a format that there is for this kind of stream.")
    if not 1 <= wanted.at_once <= MOST_AT_ONCE:
        raise _fault("/at_once", f"Send 1 to {MOST_AT_ONCE} events at once.")
    wanted.filter.condition()
    _check_roots(kind, wanted.roots)
    _check_authorization(kind, wanted.authorization)


def _check_roots(kind: str, roots: str) -> None:
    if not roots:
        return
    if kind != StreamKind.SYSLOG:
        raise _fault("/roots", "Certificates of your own are for syslog over TLS.")
    if len(roots) > _LONGEST_ROOTS or not roots.isascii():
        raise _fault("/roots", "These are no certificates in PEM.")
    try:
        trusting(roots)
    except ValueError as error:
        raise _fault("/roots", str(error)) from error


def _check_authorization(kind: str, value: str | None) -> None:
    if not value:
        return
    if kind != StreamKind.WEBHOOK:
        raise _fault("/authorization", "Only a webhook has headers.")
    if len(value) > _LONGEST_AUTHORIZATION or any(not " " <= each <= "~" for each in value):
        raise _fault("/authorization", "Write visible ASCII characters on one line.")


def _fault(pointer: str, detail: str) -> Invalid:
    return Invalid("The stream is not valid.", errors=[FieldError(pointer, detail)])
