"""The forms of budgets, read from left to right as a sentence."""

import re
from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from django import forms

from tenants.budgets.spend import COUNT, TOKENS
from tenants.enums import CostClass, OnExceed, Period
from tenants.models import Agent, Budget
from tenants.services.budget_rules import Terms

_ABOUT = [
    ("tenant", "everything here, all together"),
    ("agent:*", "each agent by itself"),
    ("integration:*", "each integration by itself"),
    ("category:*", "each category by itself"),
    ("run:*", "each run by itself"),
    ("integration", "the integration named below"),
    ("category", "the categories named below"),
]
_MEASURES = [("money", "money"), (TOKENS, "tokens"), (COUNT, "actions")]
_CURRENCY = re.compile(r"[A-Za-z]{3}")
_CLASSES = [("", "all of it"), *((each, f"cost class {each}") for each in CostClass.values)]


class TermsForm(forms.Form):
    """What of a budget can change."""

    limit = forms.DecimalField(
        label="At most", min_value=Decimal("0.000001"), max_digits=22, decimal_places=6
    )
    on_exceed = forms.ChoiceField(
        label="Beyond it", choices=OnExceed.choices, initial=OnExceed.HALT,
        help_text="“Stop everything” also refuses what costs nothing.",
    )  # fmt: skip
    warn_at = forms.IntegerField(
        label="Warn at (percent)", min_value=1, max_value=100, required=False,
        help_text="Of the limit. Empty: no warning.",
    )  # fmt: skip

    def to_terms(self, *, is_active: bool = True) -> Terms:
        """Return what was filled in."""
        said = self.cleaned_data
        return Terms(said["limit"], said["on_exceed"], said["warn_at"], is_active)


class BudgetForm(TermsForm):
    """A new budget."""

    places = {"ref": "named", "scope": "about"}

    measure = forms.ChoiceField(label="Of", choices=_MEASURES)
    currency = forms.CharField(
        label="Currency", max_length=3, initial="EUR", help_text="Three letters.",
    )  # fmt: skip
    period = forms.ChoiceField(label="In", choices=Period.choices, initial=Period.DAY)
    about = forms.ChoiceField(label="For", choices=_ABOUT)
    named = forms.CharField(
        label="Which", max_length=100, required=False,
        help_text="Its short name, as on its page; categories also as a pattern like payments.*.",
    )  # fmt: skip
    cost_class = forms.ChoiceField(label="Counting", choices=_CLASSES, required=False)

    field_order = (
        "limit", "measure", "currency", "period", "about", "named", "on_exceed", "warn_at",
        "cost_class",
    )  # fmt: skip

    def __init__(self, data: Any = None, *, agents: Iterable[Agent]) -> None:
        super().__init__(data)
        self.fields["warn_at"].initial = 80
        one = [(f"agent:{each.pk}", f"the agent {each.name}") for each in agents]
        self.fields["about"].choices = [*_ABOUT, *one]  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        said = super().clean() or self.cleaned_data
        needs_name = said.get("about") in ("integration", "category")
        if needs_name != bool(said.get("named", "").strip()):
            self.add_error("named", "Name one here." if needs_name else "Leave this empty.")
        if said.get("measure") != "money":
            self.errors.pop("currency", None)  # nobody sees it
        elif "currency" in said and not _CURRENCY.fullmatch(said["currency"].strip()):
            self.add_error("currency", "Write three letters, such as EUR.")
        return said

    def to_fields(self) -> dict[str, Any]:
        """Return what the service takes besides the terms."""
        said = self.cleaned_data
        scope, _, ref = said["about"].partition(":")
        measure = said["measure"]
        if measure == "money":
            measure = f"money:{said['currency'].strip().upper()}"
        return {
            "scope": scope,
            "ref": ref or said["named"].strip(),
            "measure": measure,
            "period": said["period"],
            "cost_class": said["cost_class"],
        }


class ChangeForm(TermsForm):
    """Another limit for a budget, or none any more."""

    is_active = forms.BooleanField(label="It holds", required=False)
    reason = forms.CharField(max_length=300, help_text="It is kept in the record.")

    @classmethod
    def of(cls, budget: Budget) -> "ChangeForm":
        """Return the form with what holds now."""
        places = max(0, -int(budget.limit.normalize().as_tuple().exponent))
        return cls(
            initial={
                "limit": f"{budget.limit:.{max(places, 2)}f}"
                if budget.measure.startswith("money")
                else f"{budget.limit.normalize():f}",
                "on_exceed": budget.on_exceed,
                "warn_at": budget.warn_at,
                "is_active": budget.is_active,
            }
        )

    def to_terms(self, *, is_active: bool = True) -> Terms:
        """Return what was filled in."""
        return super().to_terms(is_active=bool(self.cleaned_data["is_active"]))


class AgentLimitForm(forms.Form):
    """How often one agent may call."""

    agent = forms.ModelChoiceField(queryset=Agent.objects.none(), empty_label="Choose an agent")
    agent_limit = forms.IntegerField(
        label="Calls a second", min_value=1, required=False,
        help_text="Empty: as many as any other agent.",
    )  # fmt: skip

    def __init__(self, data: Any = None) -> None:
        super().__init__(data)
        choice = self.fields["agent"]
        choice.queryset = Agent.objects.exclude(status="retired").order_by("name")  # type: ignore[attr-defined]


class LimitsForm(forms.Form):
    """How often agents may call, and how often they may try the same."""

    retry_limit = forms.IntegerField(
        label="How often the same may fail", min_value=1, max_value=1000, required=False,
        help_text="Then it is not looked at any more. Empty: agents may keep trying.",
    )  # fmt: skip
    retry_minutes = forms.IntegerField(
        label="Within (minutes)", min_value=1, max_value=10_080,
    )  # fmt: skip
    calls_per_second = forms.IntegerField(
        label="Calls a second, all agents together", min_value=1, required=False,
        help_text="Empty: as many as the installation allows.",
    )  # fmt: skip
    agent_calls_per_second = forms.IntegerField(
        label="Calls a second, each agent", min_value=1, required=False,
        help_text="Empty: as many as the installation allows.",
    )  # fmt: skip
