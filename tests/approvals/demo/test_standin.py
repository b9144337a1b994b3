"""The stand-ins answer as their systems would, as far as a demonstration needs it."""

import json
from http.server import ThreadingHTTPServer

import httpx
import pytest

from approvals.demo.standin import ANSWER, HOST, StandIn, first_free, standing_in

CHAT = {"model": "demo-small", "messages": [{"role": "user", "content": "Good morning"}]}


def test_everything_wants_a_key_but_the_model() -> None:
    with standing_in() as address:
        asked = [
            httpx.head(f"{address}/core-payments"),
            httpx.get(f"{address}/customers/1187"),
            httpx.post(f"{address}/mail-relay", json={}),
            httpx.post(f"{address}/mail-relay", content=b"[]"),
        ]
    assert [each.status_code for each in asked] == [401, 401, 401, 400]


def test_the_model_answers_whole_and_in_pieces() -> None:
    with standing_in() as address:
        chat = f"{address}/model-provider/v1/chat/completions"
        whole = httpx.post(chat, json=CHAT).json()
        pieces = httpx.post(chat, json=CHAT | {"stream": True}).text
        embedded = httpx.post(
            f"{address}/model-provider/v1/embeddings", json={"model": "m", "input": ["a", "b"]}
        ).json()
    assert whole["choices"][0]["message"]["content"] == ANSWER
    *events, done = [line.removeprefix("data: ") for line in pieces.split("\n\n") if line]
    assert done == "[DONE]"
    told = [json.loads(each) for each in events]
    words = "".join(each["choices"][0]["delta"].get("content", "") for each in told[:-1])
    assert words.strip() == ANSWER
    assert told[-1]["usage"] == whole["usage"]
    assert len(embedded["data"]) == 2


def test_a_port_that_somebody_has_is_passed_over() -> None:
    first = first_free()
    with ThreadingHTTPServer((HOST, first), StandIn):
        assert first_free() != first


def test_a_port_is_given_back() -> None:
    with standing_in() as address:
        pass
    with pytest.raises(httpx.ConnectError):
        httpx.get(address)
