"""What stands in place of something sensitive, and when it is shown."""

import pytest

from govapp.common.sensitive import (
    is_shown_plainly,
    kinds_in,
    mask,
    masked,
    masked_json,
    shown_plainly,
)
from govapp.common.templatetags import govapp_ui as ui

CARD = "4111 1111 1111 1111"
IBAN = "DE89370400440532013000"
KEY = "AKIA" + "IOSFODNN7EXAMPLE"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (f"card {CARD}.", "card [card number ••••1111]."),
        (f"to {IBAN}", "to [IBAN ••••3000]"),
        ("call +41 44 668 18 00", "call [phone number ••••00]"),
        (f"key {KEY}", "key [secret ••••]"),
        ("SSN 219-09-9999", "SSN [national id ••••]"),
        ("Pay EUR 4 to Northwind", "Pay EUR 4 to Northwind"),
    ],
)
def test_a_mask_says_what_it_hides(text: str, shown: str) -> None:
    assert mask(text) == shown
    assert mask(shown) == shown


def test_json_is_masked_by_names_and_values_and_nothing_is_left_out() -> None:
    value = {
        "user": {"password": "hunter2", "pin_code": 4, "phone": 441234567, "dob": None},
        "cards": [4111111111111111, CARD, {"token_count": 7}],
        "5555555555554444": 1,
        "5555-5555-5555-4444": 2,
        "raw": '{"client_secret":"abc","n":1}',
        "ok": True,
    }
    assert masked_json(value) == {
        "user": {
            "password": "[secret ••••]",
            "pin_code": 4,
            "phone": "[phone number ••••67]",
            "dob": None,
        },
        "cards": ["[card number ••••1111]", "[card number ••••1111]", {"token_count": 7}],
        "[card number ••••4444]": 1,
        "[card number ••••4444] (4)": 2,
        "raw": '{"client_secret":"[secret ••••]","n":1}',
        "ok": True,
    }
    assert kinds_in(value) == {"secret", "phone", "card"}


def test_it_is_shown_only_inside_and_only_here() -> None:
    with shown_plainly():
        assert (masked(CARD), masked_json({"password": "x"})) == (CARD, {"password": "x"})
        assert is_shown_plainly()
        # Whatever leaves the house is masked all the same.
        assert mask(CARD) == "[card number ••••1111]"
    assert (masked(CARD), is_shown_plainly()) == ("[card number ••••1111]", False)


def test_it_is_masked_again_after_a_fault() -> None:
    with pytest.raises(RuntimeError), shown_plainly():
        raise RuntimeError
    assert not is_shown_plainly()


def test_the_filters_mask_escape_and_mark() -> None:
    text = f"<b>{CARD}</b>\u200b"
    shown = ui.masked(text)
    assert shown.startswith("&lt;b&gt;" + '<span class="masked">[card number ••••1111]</span>')
    assert "U+200B" in shown
    assert CARD not in shown
    assert ui.masked_as("hunter2", "db.password") == '<span class="masked">[secret ••••]</span>'
    assert ui.masked_as("hunter2", "db.user") == "hunter2"
    assert ui.masked_text(f"Select: {CARD}") == "Select: [card number ••••1111]"
    assert "hunter2" not in ui.json_pretty({"password": "hunter2"})
    assert "hunter2" not in ui.masked_line('{"data":{"payload":"{\\"password\\":\\"hunter2\\"}"}}')
    with shown_plainly():
        assert CARD in ui.masked(text)
        assert ui.masked_as("hunter2", "password") == "hunter2"
