"""Many values as one parameter: arrays as PostgreSQL reads them, for statements about hundreds.

The driver writes an array item by item, and Django a list of ids as a placeholder for each; both
cost more than the statement. To be cast in the statement: `%s::uuid[]`.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Final
from uuid import UUID

from django.contrib.postgres.fields import ArrayField
from django.db.models import BooleanField, F, Func, UUIDField, Value
from django.db.models.functions import Cast

from govapp.common.ids import FreshId

_ESCAPED: Final = str.maketrans({"\\": r"\\", '"': r"\""})


def is_any(field: str, idents: Iterable[UUID]) -> Func:
    """Return whether a field is one of these ids, for `filter`: as `field__in`."""
    array = Cast(Value(uuid_array(idents)), ArrayField(UUIDField()))
    # The template closes what the joiner opens.
    return Func(
        F(field),
        array,
        template="(%(expressions)s))",
        arg_joiner=" = ANY (",
        output_field=BooleanField(),
    )


def uuid_array(values: Iterable[FreshId | None]) -> str:
    """Return an array of ids."""
    return f"{{{','.join([each.hex if each else 'NULL' for each in values])}}}"


def number_array(values: Iterable[int]) -> str:
    """Return an array of integers."""
    return f"{{{','.join(map(str, values))}}}"


def text_array(values: Iterable[str]) -> str:
    """Return an array of any texts; of JSON as well, cast to `jsonb[]`."""
    return f"{{{','.join([_quoted(each) for each in values])}}}"


def time_array(values: Iterable[datetime]) -> str:
    """Return an array of instants."""
    written = _Written()
    return f"{{{','.join([written[each] for each in values])}}}"


class _Written(dict[datetime, str]):
    """Hundreds of rows of one batch are of one instant, which is written once."""

    def __missing__(self, moment: datetime) -> str:
        text = self[moment] = moment.isoformat()
        return text


def bytes_array(values: Iterable[bytes]) -> str:
    """Return an array of `bytea`."""
    # Inside of an array the backslash in front of the digits is one that is escaped.
    items = [rf'"\\x{each.hex()}"' for each in values]
    return f"{{{','.join(items)}}}"


def _quoted(text: str) -> str:
    if '"' in text or "\\" in text:
        text = text.translate(_ESCAPED)
    return f'"{text}"'
