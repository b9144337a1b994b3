"""The attacks are what they say: each malformed body is one that the strict parser refuses."""

from random import Random

import pytest

from govapp.common.api.parsers import parse_strict_json
from govapp.common.errors import Malformed, TooLarge
from govapp.simulator.actions import KINDS, any_action, payment
from govapp.simulator.hostile import Attack, attacks, malformed, texts

GOOD = '{"category": "email.send", "summary": "x", "payload": {}}'


def dice(seed: int) -> Random:
    return Random(seed)  # noqa: S311 - no secret


@pytest.mark.parametrize("attack", list(malformed(GOOD)), ids=lambda attack: attack.name)
def test_a_malformed_body_is_refused_by_the_parser(attack: Attack) -> None:
    if attack.name == "an array":
        assert isinstance(parse_strict_json(attack.content), list)
        return
    with pytest.raises((Malformed, TooLarge)):
        parse_strict_json(attack.content)


@pytest.mark.parametrize("attack", list(texts(payment(dice(1)))), ids=lambda attack: attack.name)
def test_hostile_words_are_well_formed(attack: Attack) -> None:
    assert set(parse_strict_json(attack.content)) >= {"category", "summary", "payload"}


def test_every_attack_has_a_name_of_its_own() -> None:
    names = [attack.name for attack in attacks(any_action(dice(1)))]
    assert len(names) == len(set(names))


def test_the_same_seed_gives_the_same_actions() -> None:
    one, same, other = (dice(seed) for seed in (7, 7, 8))
    rows = [[any_action(rng) for _ in range(20)] for rng in (one, same, other)]
    assert rows[0] == rows[1]
    assert rows[0] != rows[2]


def test_every_kind_of_action_occurs() -> None:
    rng = dice(3)
    seen = {any_action(rng)["category"] for _ in range(200)}
    assert seen == {kind(dice(1))["category"] for kind in KINDS}
