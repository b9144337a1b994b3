"""Personal data and secrets in texts: finding them, and what stands in their place.

Start with `find_sensitive` (finding.py) and `mask` (masking.py). Pure but for one context
variable, which says whether a page is drawn for somebody who has asked to see everything.
"""

from govapp.common.sensitive.finding import find_sensitive
from govapp.common.sensitive.masking import (
    is_said,
    is_shown_plainly,
    kinds_in,
    mask,
    mask_of,
    masked,
    masked_json,
    shown_plainly,
)
from govapp.common.sensitive.names import kind_of_name, last_name
from govapp.common.sensitive.spans import KIND_WORDS, Kind, Span

__all__ = [
    "KIND_WORDS",
    "Kind",
    "Span",
    "find_sensitive",
    "is_said",
    "is_shown_plainly",
    "kind_of_name",
    "kinds_in",
    "last_name",
    "mask",
    "mask_of",
    "masked",
    "masked_json",
    "shown_plainly",
]
