"""What no policy can make storable: said to the agent before anything is looked at."""

import re
from decimal import Decimal
from typing import Final

from approvals.facts import Submission
from govapp.common.errors import FieldError, Invalid

_LONGEST: Final = {
    "category": 100,
    "summary": 500,
    "reason": 10_000,
    "environment": 50,
    "integration": 100,
    "run": 100,
    "step": 100,
    "on_behalf_of": 200,
    "traceparent": 60,
}
_INTEGRATION: Final = re.compile(r"([a-z0-9][a-z0-9._-]*)?")
_RUN: Final = re.compile(r"[!-~]*")


def check_submission(submission: Submission) -> None:
    """Raise `Invalid` with every fault. The edge has checked types; services are safe alone."""
    errors = [
        FieldError(f"/{name}", f"Write at most {longest} characters.")
        for name, longest in _LONGEST.items()
        if len(getattr(submission, name)) > longest
    ]
    errors += [
        FieldError(f"/{name}", "Remove the null character.")
        for name in _LONGEST
        if "\0" in getattr(submission, name)
    ]
    errors += [
        FieldError(f"/{name}", "This is needed.")
        for name in ("category", "summary", "environment")
        if not getattr(submission, name).strip()
    ]
    errors += _names(submission)
    if submission.summary.strip() and submission.summary.splitlines() != [submission.summary]:
        # Lists, subjects of mails and the record show it as one line; a second one could pose
        # as something that we say.
        errors.append(FieldError("/summary", "Write one line."))
    confidence = submission.confidence
    if confidence is not None and not Decimal(0) <= confidence <= Decimal(1):
        errors.append(FieldError("/confidence", "Write a number from 0 to 1."))
    if errors:
        raise Invalid("The submission is not valid.", errors=errors)


def _names(submission: Submission) -> list[FieldError]:
    """The names that rules compare: nothing invisible, nothing that looks like another one."""
    errors = []
    if not _INTEGRATION.fullmatch(submission.integration):
        detail = "Write a-z, 0-9, dot, dash and underscore, beginning with a letter or digit."
        errors.append(FieldError("/integration", detail))
    if not _RUN.fullmatch(submission.run):
        errors.append(FieldError("/run", "Write visible ASCII characters."))
    if not _RUN.fullmatch(submission.step):
        errors.append(FieldError("/step", "Write visible ASCII characters."))
    return errors
