"""What a hostile agent sends. Refused means 4xx; handled means anything but 5xx."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from govapp.simulator.actions import Body

REFUSED: Final = range(400, 500)
HANDLED: Final = range(200, 500)
SUBMIT: Final = "/api/v1/action-requests"
REDEEM: Final = "/api/v1/grants/redeem"
# alg none, and what a verifier that trusts it would believe
FORGED: Final = "eyJhbGciOiJub25lIiwidHlwIjoiZ292YXBwLWdyYW50K2p3dCIsImtpZCI6IngifQ.e30."


@dataclass(frozen=True)
class Attack:
    """One hostile call, and which statuses are right."""

    name: str
    content: bytes = b""
    right: range = REFUSED
    method: str = "POST"
    path: str = SUBMIT
    headers: dict[str, str] = field(default_factory=dict)


def attacks(body: Body) -> Iterator[Attack]:
    """Yield every attack, built around a good body."""
    yield from malformed(json.dumps(body))
    yield from texts(body)
    yield from addresses()


def malformed(good: str) -> Iterator[Attack]:
    """Yield bodies that two readers would understand differently, or none."""
    yield Attack("deep object", b'{"payload":' * 20_000 + b"1" + b"}" * 20_000)
    yield Attack("deep array", good[:-1].encode() + b',"sources":' + b"[" * 5_000 + b"]" * 5_000)
    yield Attack("duplicate key", good[:-1].encode() + b',"category":"email.send"}')
    yield Attack("NUL", with_value(good, r'"a\u0000b"'))
    yield Attack("half of a surrogate pair", with_value(good, r'"\ud800"'))
    yield Attack("huge integer", with_value(good, "9" * 400))
    yield Attack("huge float", with_value(good, "1e999"))
    yield Attack("not a number", with_value(good, "NaN"))
    yield Attack("not UTF-8", with_value(good, '"§"').replace("§".encode(), b"\xff\xfe"))
    yield Attack("an array", f"[{good}]".encode())
    yield Attack("nothing", b"")
    yield Attack("half a body", good[: len(good) // 2].encode())
    yield Attack("10 MB", with_value(good, '"' + "A" * 10_000_000 + '"'))
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    yield Attack("a form", b"category=payments.transfer", headers=form)


def with_value(good: str, value: str) -> bytes:
    """Return the body with one more field that holds this piece of JSON."""
    return f'{good[:-1]},"reason":{value}}}'.encode()


def texts(body: Body) -> Iterator[Attack]:
    """Yield words that are aimed at whoever reads or stores them."""
    words = {
        "script tag": "<script>fetch('/accounts/logout/')</script><img src=x onerror=alert(1)>",
        "SQL": "'; DROP TABLE approvals_actionrequest; --",
        "bidirectional": "Pay EUR 10\u202e000,01 \u2066to\u2069 Aster",
        "invisible": "Pay\u200b\u2060\ufeff EUR\u00ad 10",
        "template": "{{ settings.SECRET_KEY }}{% debug %}${7*7}",
        "terminal": "\u001b[2J\u001b]0;owned\u0007",
        "combining": "a" + "\u0301" * 300,
    }
    for name, text in words.items():
        for key in ("summary", "reason"):
            hostile = {**body, key: text}
            yield Attack(f"{name} as {key}", json.dumps(hostile).encode(), HANDLED)
    yield Attack("SQL as category", json.dumps({**body, "category": words["SQL"]}).encode())


def addresses() -> Iterator[Attack]:
    """Yield addresses, headers and tokens that name nothing."""
    yield Attack("path", method="GET", path=f"{SUBMIT}/ar_..%2f..%2fetc%2fpasswd")
    yield Attack("NUL in the path", method="GET", path=f"{SUBMIT}/ar_%00")
    yield Attack("cursor", method="GET", path=f"{SUBMIT}?cursor=%27%3BDROP")
    yield Attack("parameter", method="GET", path=f"{SUBMIT}?tenant_id__in=1")
    yield Attack("long key", b"{}", headers={"Idempotency-Key": "k" * 5_000})
    yield Attack("odd key", b"{}", headers={"Idempotency-Key": "a b"})
    yield Attack("no bearer", b"{}", headers={"Authorization": "Basic " + "A" * 200})
    token = json.dumps({"token": FORGED}).encode()
    yield Attack("forged permission", token, path=REDEEM)
    endless = json.dumps({"token": "A" * 7_000}).encode()
    yield Attack("endless permission", endless, path=REDEEM)
