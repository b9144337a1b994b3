"""Asking a witness to cosign a checkpoint of the directory log.

Source: https://c2sp.org/tlog-witness, POST <prefix>/add-checkpoint.
"""

from collections.abc import Sequence
from http import HTTPStatus
from typing import Final

from audit.merkle.cosignature import read_cosignatures, read_known_size, write_add_checkpoint
from audit.merkle.note import NoteInvalid
from audit.selectors.directory import REFUSED
from audit.transports.vouching import MOST_READ, SECONDS, VouchingFailed, may_go_to
from govapp.common.outgoing import Answer, CallFailed, post

_REFUSALS: Final[dict[int, str]] = {
    HTTPStatus.BAD_REQUEST: "It finds our request malformed (400).",
    HTTPStatus.FORBIDDEN: "It does not know our directory's key (403): give it the verifier key.",
    HTTPStatus.NOT_FOUND: "It does not know our directory (404): give it origin and verifier key.",
    HTTPStatus.UNPROCESSABLE_ENTITY: REFUSED,
}


class SizeUnexpected(Exception):
    """The witness has cosigned another size than we thought (409)."""

    def __init__(self, size: int) -> None:
        super().__init__(f"the witness knows size {size}")
        self.size = size


def add_checkpoint(
    url: str, *, old_size: int, proof: Sequence[bytes], note: str
) -> tuple[str, ...]:
    """Return the signature lines that the witness answers with; the caller verifies them.

    Raises `SizeUnexpected` when the witness starts from another size, `VouchingFailed` otherwise.
    """
    body = write_add_checkpoint(old_size=old_size, proof=proof, note=note)
    try:
        answer = post(
            url.rstrip("/") + "/add-checkpoint",
            body,
            {"content-type": "text/plain; charset=utf-8"},
            may_go_to=may_go_to,
            seconds=SECONDS,
            at_most=MOST_READ,
        )
    except CallFailed as error:
        raise VouchingFailed(str(error)) from error
    try:
        return _lines(answer)
    except NoteInvalid as error:
        raise VouchingFailed(f"It answered what is no cosignature: {error}.") from error


def _lines(answer: Answer) -> tuple[str, ...]:
    if answer.status == HTTPStatus.CONFLICT:
        raise SizeUnexpected(read_known_size(answer.body))
    if answer.status != HTTPStatus.OK:
        words = _REFUSALS.get(answer.status, f"It answered with status {answer.status}.")
        raise VouchingFailed(words)
    return read_cosignatures(answer.body)
