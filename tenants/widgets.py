"""Fields that offer what exists, where something else can be written, too."""

from collections.abc import Iterable
from typing import Any

from django import forms
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from tenants.enums import KillScope
from tenants.offers import read_offers

_CODE = {"spellcheck": "false", "autocapitalize": "off", "autocomplete": "off"}
_MOST_SUGGESTED = 200


class SuggestingInput(forms.TextInput):
    """One line of text with suggestions, as a native list of the browser: value and words."""

    def __init__(self) -> None:
        super().__init__(attrs=_CODE)
        self.suggestions: Iterable[tuple[str, str]] = ()

    def render(
        self, name: str, value: Any, attrs: dict[str, Any] | None = None, renderer: Any = None
    ) -> SafeString:
        ident = f"{(attrs or {}).get('id', name)}_known"
        field = super().render(name, value, {**(attrs or {}), "list": ident}, renderer)
        options = format_html_join("", '<option value="{}">{}</option>', self.suggestions)
        return format_html('{}<datalist id="{}">{}</datalist>', field, ident, options)


def suggest_categories(field: forms.Field) -> None:
    """Have a field with a `SuggestingInput` offer the categories, and what covers several."""
    widget = field.widget
    assert isinstance(widget, SuggestingInput)  # noqa: S101 - for the type checker
    offers = read_offers(KillScope.CATEGORY, at_most=_MOST_SUGGESTED).offers
    widget.suggestions = [("*", "All categories"), *((each.ref, each.name) for each in offers)]
