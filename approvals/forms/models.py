"""What a model costs."""

from decimal import Decimal

from django import forms

from approvals.gateway.asked import MOST_TOKENS


class PriceForm(forms.Form):
    """A model, or the beginning of names, with its prices for a million tokens."""

    pattern = forms.CharField(
        max_length=200,
        label="Model",
        help_text="Its name, or the beginning with a * such as gpt-4o*. A price that is there is"
        " replaced.",
        widget=forms.TextInput(attrs={"spellcheck": "false", "autocapitalize": "off"}),
    )
    currency = forms.RegexField(
        r"^[A-Z]{3}$", initial="EUR", error_messages={"invalid": "Three letters, such as EUR."}
    )
    asked = forms.DecimalField(
        min_value=Decimal(0), max_digits=14, decimal_places=6, label="A million tokens asked"
    )
    answered = forms.DecimalField(
        min_value=Decimal(0), max_digits=14, decimal_places=6, label="A million tokens answered"
    )
    most_output = forms.IntegerField(
        min_value=1,
        max_value=MOST_TOKENS,
        initial=4_096,
        label="Longest answer in tokens",
        help_text="Where the agent names no limit. So much is held in the budgets until the"
        " answer is there.",
    )
