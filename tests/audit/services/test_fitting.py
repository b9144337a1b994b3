"""What is too large for an event: cut from its data, and provable by its digest."""

import json
from hashlib import sha256
from typing import Any

import pytest

from audit.merkle.canonical import MAX_BYTES, CanonicalError
from govapp.common.ids import new_id
from tests.audit.books import write_event

pytestmark = pytest.mark.django_db


def written(**data: Any) -> dict[str, Any]:
    body = bytes(write_event(new_id(), data=data).body)
    assert len(body) <= MAX_BYTES
    kept: dict[str, Any] = json.loads(body)["data"]
    return kept


def test_what_fits_to_the_last_byte_is_kept_and_one_more_is_cut() -> None:
    frame = len(bytes(write_event(new_id(), data={"t": ""}).body))
    fits = "x" * (MAX_BYTES - frame)
    assert written(t=fits) == {"t": fits}
    over = fits + "x"
    digest = sha256(over.encode()).hexdigest()
    assert written(t=over) == {"t": {"sha256": digest, "bytes": len(over), "cut": True}}


def test_only_the_largest_is_cut_as_bytes_count_and_not_characters() -> None:
    quotes, plain = '"' * 29_900, "x" * 30_000
    kept = written(quotes=quotes, plain=plain, small=[1])
    digest = sha256(quotes.encode()).hexdigest()
    assert kept == {
        "quotes": {"sha256": digest, "bytes": 29_900, "cut": True},
        "plain": plain,
        "small": [1],
    }


def test_a_list_is_cut_with_the_digest_of_its_canonical_form() -> None:
    rules = [{"b": number, "a": "x"} for number in range(10_000)]
    canonical = json.dumps(rules, sort_keys=True, separators=(",", ":")).encode()
    assert written(rules=rules)["rules"] == {
        "sha256": sha256(canonical).hexdigest(),
        "bytes": len(canonical),
        "cut": True,
        "items": 10_000,
    }


def test_a_float_is_refused_however_large_the_event_is() -> None:
    with pytest.raises(CanonicalError, match=r"a float .* at /data/f"):
        written(t="x" * 70_000, f=0.5)
