"""Figures, spans and states in words."""

from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal

import pytest

from govapp.common import formats


@pytest.mark.parametrize(
    ("amount", "currency", "words"),
    [
        (Decimal("48200"), "EUR", "EUR\u00a048,200"),
        ("48200.5", "EUR", "EUR\u00a048,200.50"),
        ("0.001", "", "0.001"),
        (Decimal("1E+3"), "", "1,000"),
        (-12.3, "USD", "USD\u00a0-12.30"),
        ("a lot", "EUR", "a lot"),
        ("NaN", "EUR", "NaN"),
    ],
)
def test_money_is_never_rounded_or_guessed(amount: object, currency: str, words: str) -> None:
    assert formats.money_text(amount, currency) == words


@pytest.mark.parametrize(
    ("seconds", "short", "two"),
    [
        (3, "now", "3 s"),
        (59, "59s", "59 s"),
        (249, "4m", "4 min 09 s"),
        (3900, "1h", "1 h 05 min"),
        (-3900, "1h", "1 h 05 min"),
        (187200, "2d", "2 d 4 h"),
        (86400 * 10, "10d", "10 d 0 h"),
        (86400 * 15, "2w", "15 d 0 h"),
        (86400 * 400, "1y", "400 d 0 h"),
    ],
)
def test_spans(seconds: int, short: str, two: str) -> None:
    span = timedelta(seconds=seconds)
    assert (formats.span_short(span), formats.span_two(span)) == (short, two)


@pytest.mark.parametrize(
    ("seconds", "group"),
    [(-1, "overdue"), (0, "overdue"), (1, "soon"), (3600, "soon"), (3601, "later")],
)
def test_urgency_groups_the_inbox(seconds: int, group: str) -> None:
    assert formats.urgency(timedelta(seconds=seconds)) == group


def test_an_unknown_state_shows_its_own_word() -> None:
    badge = formats.badge_for(formats.STATUSES, "half_open")
    assert (badge.word, badge.tone) == ("Half open", "neutral")


@pytest.mark.parametrize(
    ("digest", "brief"),
    [
        ("sha256:" + "AB" * 32, "abababab…abab"),
        (bytes.fromhex("00" * 30 + "ffff"), "00000000…ffff"),
        ("abc", "abc"),
    ],
)
def test_a_digest_shows_both_ends(digest: object, brief: str) -> None:
    assert formats.digest_brief(digest) == brief


def test_an_instant_in_a_sentence_is_in_utc() -> None:
    noon = datetime(2026, 3, 1, 12, 5, 9, tzinfo=timezone(timedelta(hours=2)))

    assert formats.utc_minute(noon) == "2026-03-01 10:05 UTC"
    assert formats.utc_second(noon.astimezone(UTC)) == "2026-03-01 10:05:09 UTC"
