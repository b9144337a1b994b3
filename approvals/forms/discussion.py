"""What somebody says about a request, and to whom."""

from django import forms


class CommentForm(forms.Form):
    """One contribution. `to` says what it is; `answers` is the question's id."""

    text = forms.CharField(max_length=4000, widget=forms.Textarea(attrs={"rows": 3}))
    to = forms.ChoiceField(
        choices=[("people", "Comment"), ("owner", "Question"), ("answer", "Answer")]
    )
    mention = forms.CharField(required=False, max_length=40)
    answers = forms.CharField(required=False, max_length=40)
