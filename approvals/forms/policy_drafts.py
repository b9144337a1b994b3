"""What begins a draft, and what is said when it goes to review."""

from typing import Any, Final

from django import forms

from approvals.models import PolicyVersion

LIVE: Final = "live"
EMPTY: Final = "empty"


class StartForm(forms.Form):
    """Where a draft begins: what is live, another version, or nothing."""

    title = forms.CharField(
        label="What is it about",
        required=False,
        max_length=120,
        help_text="Such as “Higher limit for known payees”. You can change it later.",
    )
    start = forms.ChoiceField(label="Start from", widget=forms.RadioSelect)

    def __init__(self, *args: Any, versions: list[PolicyVersion], **options: Any) -> None:
        super().__init__(*args, **options)
        live = next((each for each in versions if each.status == "live"), None)
        choices = [(LIVE, f"What is live now (version {live.number})")] if live else []
        choices.append((EMPTY, "Nothing: everything is denied until you say otherwise"))
        choices += [
            (each.public_id, f"Version {each.number}, {each.get_status_display().lower()}")
            for each in versions
            if each is not live
        ]
        field = self.fields["start"]
        assert isinstance(field, forms.ChoiceField)  # noqa: S101 - for the type checker
        field.choices = choices
        if live and self.initial.get("start") == live.public_id:
            self.initial["start"] = LIVE
        self.initial.setdefault("start", choices[0][0])


class ReviewForm(forms.Form):
    """What changes and why, for whoever reads it next."""

    remark = forms.CharField(
        label="What changes, and why",
        max_length=500,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="The reviewer reads it first, and it is kept.",
    )
