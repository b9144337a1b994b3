"""Work done for many, one after the other: what fails for one is its own."""

from collections.abc import Callable
from typing import Any, TypeVar

import structlog

log = structlog.get_logger(__name__)

_T = TypeVar("_T")


def tried(failed: str, work: Callable[..., _T], **about: Any) -> _T | None:
    """Return what `work(**about)` returns; None, and a line called `failed`, when it fails.

    What the error said may name somebody or quote what is recorded: the line holds its kind alone,
    and which of the many it was (`about`).
    """
    try:
        return work(**about)
    except Exception as error:
        of_which = {name: str(value) for name, value in about.items()}
        log.error(failed, error=type(error).__name__, **of_which)  # noqa: TRY400 - no trace: it quotes the message
    return None
