"""Asking a time-stamping authority for a stamp (RFC 3161 section 3.4, over HTTP)."""

from collections.abc import Sequence
from http import HTTPStatus

from asn1crypto import x509

from audit.stamps import Question, Stamp, StampInvalid, read_answer
from audit.transports.vouching import MOST_READ, SECONDS, VouchingFailed, may_go_to
from govapp.common.outgoing import CallFailed, post

_QUERY = "application/timestamp-query"
_REPLY = "application/timestamp-reply"


def stamp_text(url: str, text: str, *, roots: Sequence[x509.Certificate]) -> Stamp:
    """Return a stamp over the text that one of the roots vouches for. Raises `VouchingFailed`."""
    question = Question.about(text)
    headers = {"content-type": _QUERY, "accept": _REPLY}
    try:
        answer = post(
            url,
            question.to_der(),
            headers,
            may_go_to=may_go_to,
            seconds=SECONDS,
            at_most=MOST_READ,
        )
    except CallFailed as error:
        raise VouchingFailed(str(error)) from error
    if answer.status != HTTPStatus.OK:
        raise VouchingFailed(f"It answered with status {answer.status}.")
    if answer.content_type.partition(";")[0].strip().lower() != _REPLY:
        raise VouchingFailed("Its answer is of another kind than a time stamp.")
    try:
        return read_answer(answer.body, question, roots=roots)
    except StampInvalid as error:
        raise VouchingFailed(f"Its time stamp was not accepted: {error}.") from error
