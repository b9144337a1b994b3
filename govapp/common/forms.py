"""What a service refuses, shown where it was typed."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta

from django import forms

from govapp.common.errors import DomainError, Forbidden, NotFound, Unauthenticated


@contextmanager
def refusals_on(form: forms.Form, *, passing: tuple[type[DomainError], ...] = ()) -> Iterator[None]:
    """Put a refusal of a service on the form: at its field, or above all fields.

    `Forbidden`, `NotFound` and `Unauthenticated` pass through: typing something else would not
    help against them. A form whose fields are called otherwise says so in `places`: the beginning
    of a pointer, and the field.
    """
    try:
        yield
    except DomainError as error:
        if isinstance(error, (Forbidden, NotFound, Unauthenticated, *passing)):
            raise
        for field_error in error.errors:
            name = _field_at(form, field_error.pointer.strip("/"))
            form.add_error(name if name in form.fields else None, field_error.detail)
        if not error.errors:
            form.add_error(None, error.detail)


def _field_at(form: forms.Form, path: str) -> str:
    places: Mapping[str, str] = getattr(form, "places", {})
    named = (field for begins, field in places.items() if path.startswith(begins))
    return next(named, path.partition("/")[0])


def overlap_field(label: str) -> forms.TypedChoiceField:
    """Ask for how many hours the former of two keys still counts."""
    return forms.TypedChoiceField(
        label=label,
        coerce=int,
        choices=[(0, "no longer"), (1, "1 hour"), (24, "1 day"), (168, "7 days")],
        initial=24,
    )


class OverlapForm(forms.Form):
    """Replaces a key or secret; `hours` is an `overlap_field`."""

    @property
    def overlap(self) -> timedelta:
        """For how long the former one still counts."""
        return timedelta(hours=self.cleaned_data["hours"])
