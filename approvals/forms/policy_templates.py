"""A template's blanks as a form of native inputs."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from django import forms

from approvals.policy_templates import Blank, PolicyTemplate
from tenants.models import ApproverGroup

INTO_LIVE: Final = "into_live"
_YES_NO: Final = (("yes", "Yes"), ("no", "No"))


class TemplateForm(forms.Form):
    """What the officer fills in. Each blank says itself what is wrong with an answer."""

    def __init__(
        self,
        data: Mapping[str, Any] | None = None,
        *,
        template: PolicyTemplate,
        groups: Sequence[ApproverGroup],
        is_live: bool,
    ) -> None:
        super().__init__(data)
        slugs = {group.slug for group in groups}
        for blank in template.blanks:
            self.fields[blank.name] = _field(blank, groups)
            known = blank.kind != "group" or blank.default in slugs
            self.initial[blank.name] = blank.default if known else ""
        if is_live:
            self.fields[INTO_LIVE] = forms.BooleanField(
                required=False,
                label="Add these rules to the ones that are live",
                help_text="Otherwise the draft holds these rules alone, and publishing it would"
                " put them in place of what is live.",
            )
            self.initial[INTO_LIVE] = True

    def typed(self) -> dict[str, str]:
        """Return what is filled in as text: what was sent, or what the form starts with."""
        names = [name for name in self.fields if name != INTO_LIVE]
        if self.is_bound:
            return {name: str(self.data.get(name, "")) for name in names}
        return {name: str(self.initial[name]) for name in names}

    @property
    def into_live(self) -> bool:
        """Return whether the rules are to stand beside the live ones."""
        if INTO_LIVE not in self.fields:
            return False
        return INTO_LIVE in self.data if self.is_bound else True


def _field(blank: Blank, groups: Sequence[ApproverGroup]) -> forms.Field:
    unit = f"{blank.unit[:1].upper()}{blank.unit[1:]}." if blank.unit else ""
    shown = " ".join(filter(None, (unit, blank.help)))
    common: dict[str, Any] = {"label": blank.label, "help_text": shown}
    match blank.kind:
        case "group":
            there = [(group.slug, group.name) for group in groups]
            return forms.ChoiceField(choices=[("", "Choose a group"), *there], **common)
        case "yes_no":
            return forms.ChoiceField(choices=_YES_NO, **common)
    attrs = {"autocomplete": "off", "spellcheck": "false"}
    if blank.kind in ("money", "number"):
        attrs["inputmode"] = "decimal"
    return forms.CharField(
        max_length=2000,
        validators=[_check(blank.read)],
        widget=forms.TextInput(attrs=attrs),
        **common,
    )


def _check(read: Callable[[str], object]) -> Callable[[str], None]:
    def check(text: str) -> None:
        try:
            read(text)
        except ValueError as error:
            raise forms.ValidationError(str(error)) from None

    return check
