"""A passkey asked for one act: what it is good for, and all that it is not good for."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from django.core.cache import cache
from fido2.utils import websafe_decode

from govapp.common.errors import Forbidden
from tenants.models import Membership
from tenants.services.second_factor import (
    CodeProof,
    CodeRefused,
    PasskeyProof,
    PasskeyRefused,
    begin_passkey,
    spend_proof,
)
from tests.people import Company, make_company
from tests.support.authenticator import App
from tests.support.passkey import HOST, Passkey

pytestmark = pytest.mark.django_db

ACT = "approve:ar_1:sha256-abc:1"


@pytest.fixture
def company() -> Company:
    return make_company()


def begin(member: Membership, act: str = ACT, rp_id: str = HOST) -> dict[str, Any]:
    return begin_passkey(user=member.user, bound_to=act, rp_id=rp_id)


def spend(member: Membership, answer: str, act: str = ACT) -> str:
    return spend_proof(user=member.user, proof=PasskeyProof(answer), bound_to=act)


def test_a_passkey_proves_one_act(company: Company) -> None:
    passkey = Passkey(company.alice)
    asked = begin(company.alice)
    assert asked["publicKey"]["userVerification"] == "required"
    assert asked["publicKey"]["rpId"] == HOST
    assert spend(company.alice, passkey.answer(asked)) == "passkey"


def test_what_is_signed_names_the_act(company: Company) -> None:
    """The challenge ends in the digest of the act, so the signature itself is about it."""
    Passkey(company.alice)

    def end(act: str) -> bytes:
        return websafe_decode(begin(company.alice, act)["publicKey"]["challenge"])[-32:]

    assert end(ACT) == end(ACT)
    assert end(ACT) != end(ACT.replace("approve", "deny"))


def test_a_challenge_is_used_up_by_its_first_answer(company: Company) -> None:
    passkey = Passkey(company.alice)
    answer = passkey.answer(begin(company.alice))
    spend(company.alice, answer)
    with pytest.raises(PasskeyRefused, match="used already"):
        spend(company.alice, answer)


def test_also_by_a_bad_one(company: Company) -> None:
    passkey = Passkey(company.alice)
    asked = begin(company.alice)
    with pytest.raises(PasskeyRefused):
        spend(company.alice, passkey.answer(asked, is_verified=False))
    with pytest.raises(PasskeyRefused, match="used already"):
        spend(company.alice, passkey.answer(asked))


def test_a_forgotten_challenge_proves_nothing(company: Company) -> None:
    passkey = Passkey(company.alice)
    answer = passkey.answer(begin(company.alice))
    cache.clear()
    with pytest.raises(PasskeyRefused, match="took too long"):
        spend(company.alice, answer)


@pytest.mark.parametrize(
    "other", ["deny:ar_1:sha256-abc:1", "approve:ar_2:sha256-abc:1", "approve:ar_1:sha256-abc:2"]
)
def test_it_is_good_for_no_other_act(company: Company, other: str) -> None:
    passkey = Passkey(company.alice)
    answer = passkey.answer(begin(company.alice))
    with pytest.raises(PasskeyRefused, match="asked for something else"):
        spend(company.alice, answer, other)


@pytest.mark.parametrize(
    "wrong",
    [
        {"is_verified": False},
        {"host": "evil.example"},
        {"origin": "http://evil.example"},
        {"origin": "https://localhost.evil.example"},
        {"kind": "webauthn.create"},
    ],
    ids=["not-verified", "other-host", "other-origin", "look-alike", "a-registration"],
)
def test_a_dishonest_answer_proves_nothing(company: Company, wrong: dict[str, Any]) -> None:
    passkey = Passkey(company.alice)
    with pytest.raises(PasskeyRefused, match="a passkey of your own") as refused:
        spend(company.alice, passkey.answer(begin(company.alice), **wrong))
    assert [error.pointer for error in refused.value.errors] == ["/passkey"]


def test_the_passkey_of_somebody_else_is_none(company: Company) -> None:
    Passkey(company.alice)
    bobs = Passkey(company.bob, ident=b"passkey-of-bob")
    with pytest.raises(PasskeyRefused, match="a passkey of your own"):
        spend(company.alice, bobs.answer(begin(company.alice)))


def test_an_answer_to_somebody_elses_challenge_is_none(company: Company) -> None:
    alices, _ = Passkey(company.alice), Passkey(company.bob, ident=b"passkey-of-bob")
    with pytest.raises(PasskeyRefused, match="used already"):
        spend(company.alice, alices.answer(begin(company.bob)))


def test_a_signature_over_something_else_proves_nothing(company: Company) -> None:
    passkey = Passkey(company.alice)
    first, second = begin(company.alice), begin(company.alice)
    answer, other = (json.loads(passkey.answer(each)) for each in (first, second))
    answer["response"]["signature"] = other["response"]["signature"]
    with pytest.raises(PasskeyRefused, match="a passkey of your own"):
        spend(company.alice, json.dumps(answer))


def _without(name: str) -> Callable[[dict[str, Any]], Any]:
    def change(answer: dict[str, Any]) -> Any:
        return answer | {"response": {k: v for k, v in answer["response"].items() if k != name}}

    return change


@pytest.mark.parametrize(
    "change",
    [
        lambda answer: [],
        lambda answer: None,
        lambda answer: 7,
        lambda answer: {},
        lambda answer: answer | {"response": None},
        lambda answer: answer | {"response": []},
        lambda answer: answer | {"rawId": "other"},
        lambda answer: answer | {"id": 1, "rawId": 1},
        lambda answer: answer | {"response": answer["response"] | {"clientDataJSON": "e30"}},
        lambda answer: answer | {"response": answer["response"] | {"clientDataJSON": "W10"}},
        lambda answer: answer | {"response": answer["response"] | {"authenticatorData": "AA"}},
        lambda answer: answer | {"response": answer["response"] | {"signature": 1}},
        _without("clientDataJSON"),
        _without("authenticatorData"),
        _without("signature"),
    ],
)
def test_what_is_no_answer_is_refused_in_words(
    company: Company, change: Callable[[dict[str, Any]], Any]
) -> None:
    passkey = Passkey(company.alice)
    answer = change(json.loads(passkey.answer(begin(company.alice))))
    with pytest.raises(PasskeyRefused):
        spend(company.alice, json.dumps(answer))


@pytest.mark.parametrize("text", ["", "{", "[" * 10_000, "x" * 20_001, '"\\ud800"', "\0"])
def test_what_is_no_json_is_refused_in_words(company: Company, text: str) -> None:
    Passkey(company.alice)
    with pytest.raises(PasskeyRefused, match="cannot be read"):
        spend(company.alice, text)


def test_whoever_has_no_passkey_is_asked_for_none(company: Company) -> None:
    App(company.alice)
    with pytest.raises(Forbidden, match="have not added one"):
        begin(company.alice)


def test_a_code_serves_as_well(company: Company) -> None:
    app = App(company.alice)
    Passkey(company.alice)
    proof = CodeProof(app.code())
    assert spend_proof(user=company.alice.user, proof=proof, bound_to=ACT) == "totp"


def test_nothing_given_is_nothing_proved(company: Company) -> None:
    with pytest.raises(Forbidden, match="have not set one up"):
        spend_proof(user=company.alice.user, proof=None, bound_to=ACT)
    Passkey(company.alice)
    with pytest.raises(CodeRefused, match="Use your passkey"):
        spend_proof(user=company.alice.user, proof=None, bound_to=ACT)
