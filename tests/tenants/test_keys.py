"""The form of a key: what is wrong is known without a look-up."""

import pytest

from tenants.keys import MARK, TOKEN_MARK, USER_MARK, hash_key, make_key, prefix_of


def test_a_fresh_key_is_well_formed_and_names_its_prefix() -> None:
    key = make_key()
    assert prefix_of(key.text) == key.prefix
    assert key.text.startswith(f"gov_live_{key.prefix}_")
    assert key.hash == hash_key(key.text)


@pytest.mark.parametrize("mark", [MARK, USER_MARK, TOKEN_MARK])
def test_each_kind_is_known_by_its_mark_and_by_no_other(mark: str) -> None:
    key = make_key(mark)
    known = {each: prefix_of(key.text, each) for each in (MARK, USER_MARK, TOKEN_MARK)}
    assert known == dict.fromkeys((MARK, USER_MARK, TOKEN_MARK)) | {mark: key.prefix}


def test_two_keys_share_nothing() -> None:
    one, two = make_key(), make_key()
    assert one.prefix != two.prefix
    assert one.hash != two.hash


def test_every_single_typo_is_caught() -> None:
    text = make_key().text
    for place, character in enumerate(text):
        wrong = "b" if character == "a" else "a"
        assert prefix_of(text[:place] + wrong + text[place + 1 :]) is None, place


@pytest.mark.parametrize(
    "wrong",
    [
        "",
        "gov_live_",
        "gov_live__",
        "gov_live_abc_def",
        "Bearer",
        "\0" * 71,
        "é" * 71,
        "gov_live_" + "_" * 62,
        make_key().text[:-1],
        make_key().text + "0",
        make_key().text.upper(),
        make_key().text.replace("live", "test"),
    ],
    ids=str.__len__,  # fresh keys: their text differs from process to process
)
def test_what_is_no_key_has_no_prefix(wrong: str) -> None:
    assert prefix_of(wrong) is None
