"""The forms of autonomy, environments and trust. What is allowed is decided by the services."""

from dataclasses import fields as fields_of
from typing import Any, Final

from django import forms

from tenants.enums import TrustTier
from tenants.selectors.autonomy import level_choices
from tenants.trust import Standard, Standards
from tenants.trust.standards import LIMITS, MOST_GRACE, NAMES, RAISED, WINDOW
from tenants.widgets import SuggestingInput, suggest_categories

_CODE: Final = {"spellcheck": "false", "autocapitalize": "off", "autocomplete": "off"}
_NOTHING: Final = ("none", "Nothing: what is set more broadly holds, or else the policy")


class ReasonedForm(forms.Form):
    """Whatever is set here is set for a reason."""

    reason = forms.CharField(max_length=300, help_text="It is kept in the record.")


class AutonomyForm(ReasonedForm):
    """One level for one category, or for several."""

    field_order = ("pattern", "level", "reason")

    pattern = forms.CharField(
        label="Category",
        max_length=100,
        widget=SuggestingInput(),
        help_text="payments.transfer, everything below it as payments.*, or * for all.",
    )
    level = forms.ChoiceField(label="What it may do there", widget=forms.RadioSelect, initial="ask")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choice = self.fields["level"]
        assert isinstance(choice, forms.ChoiceField)  # noqa: S101 - for the type checker
        choice.choices = [*level_choices(), _NOTHING]
        suggest_categories(self.fields["pattern"])

    def clean_level(self) -> str | None:
        level: str = self.cleaned_data["level"]
        return None if level == _NOTHING[0] else level


class EnvironmentForm(ReasonedForm):
    """Whether one environment is read-only."""

    field_order = ("name", "is_read_only", "reason")

    name = forms.CharField(
        max_length=50,
        widget=forms.TextInput(attrs=_CODE),
        help_text="As agents name it, such as production; * is every one that is not listed.",
    )
    is_read_only = forms.TypedChoiceField(
        label="What may be done in it",
        coerce=lambda value: value == "read",
        choices=[("read", "Only reading: it is read-only"), ("all", "It may be changed")],
    )


class RaiseForm(ReasonedForm):
    """Raise an agent's tier to one that it has earned."""

    to = forms.ChoiceField(label="Tier", choices=TrustTier)
    field_order = ("to", "reason")

    def __init__(self, *args: Any, tiers: list[TrustTier], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choice = self.fields["to"]
        assert isinstance(choice, forms.ChoiceField)  # noqa: S101 - for the type checker
        choice.choices = [(tier.value, tier.label) for tier in reversed(tiers)]


class StandardsForm(ReasonedForm):
    """What each tier asks for: a number for each tier and each thing."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        first, last = WINDOW
        self.fields["window_days"] = forms.IntegerField(
            label="Days that are looked at", min_value=first, max_value=last
        )
        self.fields["grace"] = forms.IntegerField(
            label="So many of a kind never count",
            min_value=0,
            max_value=MOST_GRACE,
            help_text="One denial says little of an agent.",
        )
        for tier in RAISED:
            for each in fields_of(Standard):
                self.fields[f"{tier}_{each.name}"] = forms.IntegerField(
                    label=f"{tier.capitalize()}: {NAMES[each.name]}",
                    min_value=0,
                    max_value=LIMITS[each.name],
                )
        self.order_fields([name for name in self.fields if name != "reason"])

    def rows(self) -> list[tuple[str, list[forms.BoundField]]]:
        """Return what is asked for, with the field of each tier."""
        return [
            (NAMES[each.name].capitalize(), [self[f"{tier}_{each.name}"] for tier in RAISED])
            for each in fields_of(Standard)
        ]

    def standards(self) -> Standards:
        """Return what was written."""
        data = self.cleaned_data
        tiers = {
            tier: Standard(
                **{each.name: data[f"{tier}_{each.name}"] for each in fields_of(Standard)}
            )
            for tier in RAISED
        }
        return Standards(**tiers, window_days=data["window_days"], grace=data["grace"])

    @staticmethod
    def values_of(standards: Standards) -> dict[str, int]:
        """Return what the form starts from."""
        found = {"window_days": standards.window_days, "grace": standards.grace}
        for tier in RAISED:
            for each in fields_of(Standard):
                found[f"{tier}_{each.name}"] = getattr(standards.of_tier(tier), each.name)
        return found
