"""Answers as they go on: built anew, masked, or stopped."""

from typing import Any

import pytest

from approvals.gateway.embedded import read_embeddings
from approvals.gateway.holding import Stopped
from approvals.gateway.shapes import BadAnswer
from approvals.gateway.streams import StreamGuard
from approvals.gateway.tokens import Usage
from approvals.gateway.whole import guard_answer
from approvals.guardrails import Rule, RuleSet

IBAN = "DE89370400440532013000"
NONE = RuleSet(0, ())
MASKING = RuleSet(1, (Rule("p", "pii", "mask"),))


def answer(message: dict[str, Any], **more: Any) -> dict[str, Any]:
    choice = {"index": 0, "message": message, "finish_reason": "stop", "logprobs": {"t": "x"}}
    usage = {"prompt_tokens": 1, "completion_tokens": 2}
    head = {"id": "c-1", "object": "chat.completion", "created": 1, "model": "m"}
    return head | {"choices": [choice], "usage": usage} | more


def guarded(message: dict[str, Any], rules: RuleSet) -> dict[str, Any]:
    shown, _ = guard_answer(answer(message), rules, category="model.chat")
    found: dict[str, Any] = shown["choices"][0]["message"]
    return found


def test_a_whole_answer_is_built_anew() -> None:
    shown, found = guard_answer(
        answer({"role": "assistant", "content": "Hello", "annotations": [1]}, extra="x"),
        NONE,
        category="model.chat",
    )
    assert shown == {
        "id": "c-1", "object": "chat.completion", "created": 1, "model": "m",
        "choices": [{"index": 0, "message": {"role": "assistant", "content": "Hello"},
                     "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 1, "completion_tokens": 2, "total_tokens": 3},
    }  # fmt: skip
    assert found == ()


def test_a_whole_answer_is_masked_where_something_was_found() -> None:
    call = {"id": "t1", "type": "function",
            "function": {"name": "pay", "arguments": f'{{"to": "{IBAN}"}}'}}  # fmt: skip
    message = guarded({"content": f"To {IBAN}", "tool_calls": [call]}, MASKING)
    assert message["content"] == "To [IBAN ••••3000]"
    assert message["tool_calls"][0]["function"] == {
        "name": "pay", "arguments": '{"to": "[IBAN ••••3000]"}',
    }  # fmt: skip


@pytest.mark.parametrize(
    ("rule", "text", "is_stopped"),
    [
        (Rule("o", "output", "refuse", at="/answer", max_characters=5), "Hello!", True),
        (Rule("o", "output", "refuse", at="/answer", max_characters=6), "Hello!", False),
        (Rule("o", "output", "ask", at="/answer", must_match=("^OK",)), "No", True),
        (Rule("o", "output", "ask", at="/answer", must_match=("^OK",)), "OK then", False),
        (Rule("o", "output", "refuse", at="/answer", fields=("total",)), '{"sum": 1}', True),
        (Rule("o", "output", "refuse", at="/answer", fields=("total",)), '{"total": 1}', False),
        (Rule("o", "output", "refuse", must_not_match=("falc[o0]n",)), "a falc0n", True),
        (Rule("t", "topic", "refuse", words=("invoice",), is_allowed_only=True), "Weather", True),
        (Rule("t", "topic", "refuse", words=("invoice",), is_allowed_only=True), "Invoice", False),
        (Rule("t", "topic", "warn", words=("weather",)), "Weather", False),
        (Rule("p", "pii", "refuse", categories=("payments.*",)), IBAN, False),
        (Rule("p", "pii", "refuse", categories=("model.*",)), IBAN, True),
    ],
)
@pytest.mark.parametrize("streams", [False, True])
def test_rules_of_outputs_hold_whole_and_streamed(
    rule: Rule, text: str, is_stopped: bool, streams: bool
) -> None:
    rules = RuleSet(1, (rule,))

    def look() -> str:
        if streams:
            return streamed([{"content": each} for each in text], rules)
        return str(guarded({"content": text}, rules)["content"])

    if is_stopped:
        with pytest.raises(Stopped):
            look()
    else:
        assert look() == text


def piece(delta: dict[str, Any], finish: str | None = None, index: int = 0) -> dict[str, Any]:
    return {"id": "c-1", "object": "chat.completion.chunk", "created": 1, "model": "m",
            "choices": [{"index": index, "delta": delta, "finish_reason": finish,
                         "logprobs": {"content": [{"token": "x"}]}}]}  # fmt: skip


def streamed(deltas: list[dict[str, Any]], rules: RuleSet, *, name: str = "content") -> str:
    guard = StreamGuard(rules, category="model.chat")
    out = [one for each in deltas for one in guard.take(piece(each))]
    out += [*guard.take(piece({}, "stop")), *guard.finish()]
    return "".join(each["choices"][0]["delta"].get(name, "") for each in out)


def test_pieces_go_out_with_nothing_that_was_not_looked_through() -> None:
    guard = StreamGuard(NONE, category="model.chat")
    out = [
        *guard.take(piece({"role": "assistant", "content": ""})),
        *guard.take(piece({"content": "Hi", "audio": {"data": "x"}})),
        *guard.take(piece({}, "stop")),
        *guard.finish(),
    ]
    assert [each["choices"] for each in out] == [
        [{"index": 0, "delta": {"role": "assistant", "content": ""}, "finish_reason": None}],
        [{"index": 0, "delta": {"content": "Hi"}, "finish_reason": None}],
        [{"index": 0, "delta": {}, "finish_reason": "stop"}],
    ]


def test_what_spans_pieces_is_masked_and_counted() -> None:
    guard = StreamGuard(MASKING, category="model.chat")
    out = [one for each in f"To {IBAN}." for one in guard.take(piece({"content": each}))]
    assert out == []
    out = guard.take(piece({}, "stop"))
    assert [each["choices"][0]["delta"] for each in out] == [
        {"content": "To [IBAN ••••3000]."}, {},
    ]  # fmt: skip
    assert [each.detector for each in guard.findings] == ["iban"]


def test_arguments_of_tools_are_looked_through_apart() -> None:
    guard = StreamGuard(MASKING, category="model.chat")
    deltas = [
        {"tool_calls": [{"index": 0, "id": "t0", "function": {"name": "pay", "arguments": ""}}]},
        {"tool_calls": [{"index": 1, "id": "t1", "function": {"name": "log", "arguments": "{"}}]},
        *({"tool_calls": [{"index": 0, "function": {"arguments": each}}]} for each in IBAN),
        {"tool_calls": [{"index": 1, "function": {"arguments": "}"}}]},
    ]
    out = [one for each in deltas for one in guard.take(piece(each))]
    out += guard.take(piece({}, "tool_calls"))
    calls = [call for each in out for call in each["choices"][0]["delta"].get("tool_calls", ())]
    texts = {0: "", 1: ""}
    for call in calls:
        texts[call["index"]] += call["function"].get("arguments", "")
    assert texts == {0: "[IBAN ••••3000]", 1: "{}"}
    assert [call["function"]["name"] for call in calls if "name" in call["function"]] == [
        "pay", "log",
    ]  # fmt: skip
    assert out[-1]["choices"][0]["finish_reason"] == "tool_calls"


def test_two_answers_are_held_apart() -> None:
    guard = StreamGuard(MASKING, category="model.chat", choices=2)
    for each in IBAN:
        guard.take(piece({"content": each}, index=0))
        guard.take(piece({"content": "a"}, index=1))
    found = [guard.take(piece({}, "stop", index)) for index in (0, 1)]
    assert [each[0]["choices"][0]["delta"]["content"] for each in found] == [
        "[IBAN ••••3000]", "a" * len(IBAN),
    ]  # fmt: skip


def test_an_answer_that_does_not_say_its_end_is_finished() -> None:
    guard = StreamGuard(MASKING, category="model.chat")
    guard.take(piece({"content": "Hello"}))
    assert [each["choices"][0]["delta"] for each in guard.finish()] == [{"content": "Hello"}]


def test_what_may_take_long_is_told_beforehand() -> None:
    guard = StreamGuard(MASKING, category="model.chat")
    small, end = piece({"content": "x"}), piece({}, "stop")
    told = [guard.is_large(small, 100), guard.is_large(small, 5_000), guard.is_large(end, 100)]
    guard.take(piece({"content": "word " * 1_000}))
    told += [guard.is_large(small, 100), guard.is_large(end, 100)]
    assert told == [False, True, False, False, True]
    guard.take(piece({"content": "x" * 5_000}))
    assert guard.is_large(small, 100)


def test_usage_is_as_it_was_said_else_estimated() -> None:
    guard = StreamGuard(NONE, category="model.chat")
    guard.take(piece({"content": "abcdef"}))
    assert guard.usage_piece()["usage"]["completion_tokens"] == 2
    assert guard.take({"choices": [], "usage": {"prompt_tokens": 4, "completion_tokens": 5}}) == []
    assert guard.usage == Usage(4, 5)
    assert guard.usage_piece()["usage"] == {
        "prompt_tokens": 4, "completion_tokens": 5, "total_tokens": 9,
    }  # fmt: skip


@pytest.mark.parametrize(
    "bad",
    [
        {"choices": "x"},
        {"choices": ["x"]},
        {"nothing": 1},
        {"choices": [{"index": 1, "delta": {}}]},
        {"choices": [{"index": 0, "delta": "x"}]},
        {"choices": [{"index": 0, "delta": {"tool_calls": "x"}}]},
        {"choices": [{"index": 0, "delta": {"tool_calls": [{"index": 999, "function": {}}]}}]},
        {"choices": [{"index": 0, "delta": {"tool_calls": [{"function": {"name": "n" * 201}}]}}]},
        {"choices": [{"index": 0, "delta": {"content": "x" * 1_000_001}}]},
    ],
)
def test_what_is_no_piece_of_an_answer_is_not_passed_on(bad: Any) -> None:
    with pytest.raises(BadAnswer):
        StreamGuard(NONE, category="model.chat").take(bad)


@pytest.mark.parametrize(
    "body",
    [{}, {"choices": [1]}, {"choices": [{"message": 1}]},
     {"choices": [{"message": {"tool_calls": [{"function": {"name": "x", "arguments": 1}}]}}]}],
)  # fmt: skip
def test_what_is_no_answer_is_not_passed_on(body: Any) -> None:
    with pytest.raises(BadAnswer):
        guard_answer(body, NONE, category="model.chat")


def test_embeddings_are_numbers_and_nothing_else() -> None:
    body = {"data": [{"embedding": [0.5, 1], "secret": 1}, {"embedding": "AAAA"}], "model": "m",
            "usage": {"prompt_tokens": 3, "total_tokens": 3}}  # fmt: skip
    assert read_embeddings(body) == {
        "object": "list", "model": "m",
        "data": [{"object": "embedding", "index": 0, "embedding": [0.5, 1]},
                 {"object": "embedding", "index": 1, "embedding": "AAAA"}],
        "usage": {"prompt_tokens": 3, "completion_tokens": 0, "total_tokens": 3},
    }  # fmt: skip
    for bad in ({"data": 1}, {"data": [{"embedding": ["x"]}]}, {"data": [{"embedding": "é"}]}):
        with pytest.raises(BadAnswer):
            read_embeddings(bad)
