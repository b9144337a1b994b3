"""Reading a page's forms as a browser without scripts would."""

from govapp.simulator.people import Forms, offers_vote

PAGE = """
<form method="get"><input name="q" value="x"></form>
<form method="post" action="/t/acme/requests/ar_1/vote">
  <input type="hidden" name="csrfmiddlewaretoken" value="token">
  <input type="hidden" name="seen" value="signed">
  <textarea name="reason"></textarea>
  <button type="submit" name="verdict" value="approve">Approve</button>
  <button type="submit" name="verdict" value="deny">Deny</button>
</form>
<input name="stray" value="not in a form">
"""


def test_only_what_is_posted_is_read() -> None:
    (form,) = Forms(PAGE).found
    assert form.action == "/t/acme/requests/ar_1/vote"
    assert form.fields == {"csrfmiddlewaretoken": "token", "seen": "signed", "reason": ""}
    assert form.choices == {"verdict": ["approve", "deny"]}
    assert offers_vote(form)


def test_a_form_without_a_verdict_offers_no_vote() -> None:
    (form,) = Forms('<form method="post"><input type="hidden" name="seen" value="x"></form>').found
    assert not offers_vote(form)
