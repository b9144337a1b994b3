"""What is passed on to a model, and what is not, as a literal table."""

from typing import Any

import pytest

from approvals.gateway.asked import CATEGORIES, NotAccepted, read_asked, to_send

HELLO = [{"role": "user", "content": "Hello"}]
FUNCTION = {"type": "function", "function": {"name": "f", "parameters": {}}}


def chat(**more: Any) -> dict[str, Any]:
    return {"model": "m-1", "messages": HELLO, **more}


@pytest.mark.parametrize(
    ("body", "param"),
    [
        ({"messages": HELLO}, "model"),
        (chat(model=""), "model"),
        (chat(model="m 1"), "model"),
        (chat(model="m" * 201), "model"),
        (chat(messages=[]), "messages"),
        (chat(messages="Hello"), "messages"),
        (chat(messages=["Hello"]), "messages[0]"),
        (chat(messages=[{"role": "god", "content": "x"}]), "messages[0].role"),
        (chat(messages=[*HELLO, {"role": "user", "content": 4}]), "messages[1].content"),
        (
            chat(messages=[{"role": "user", "content": [{"type": "image_url", "image_url": {}}]}]),
            "messages[0].content[0]",
        ),
        (chat(logprobs=True), "logprobs"),
        (chat(top_logprobs=2), "top_logprobs"),
        (chat(modalities=["text", "audio"]), "modalities"),
        (chat(n=9), "n"),
        (chat(n=True), "n"),
        (chat(stream="yes"), "stream"),
        (chat(stream_options=[1]), "stream_options"),
        (chat(max_tokens=0), "max_tokens"),
        (chat(max_completion_tokens=1.5), "max_completion_tokens"),
        (chat(max_tokens=90, max_completion_tokens=50), "max_tokens"),
        (chat(tools=[{"type": "web_search"}]), "tools[0]"),
        (chat(tools=[FUNCTION, {"type": "code_interpreter"}]), "tools[1]"),
        (chat(tools=[FUNCTION, "web_search"]), "tools[1]"),
        (chat(tools={"type": "function"}), "tools"),
        (chat(web_search_options={}), "web_search_options"),
        (chat(search_parameters={"mode": "on"}), "search_parameters"),
        (chat(plugins=[{"id": "web"}]), "plugins"),
        (chat(service_tier="priority"), "service_tier"),
        (chat(service_tier="auto"), "service_tier"),
        (chat(models=["m-2"]), "models"),
        (chat(best_of=4), "best_of"),
        (chat(prediction={"type": "content", "content": "x"}), "prediction"),
        (chat(max_output_tokens=900_000), "max_output_tokens"),
    ],
)
def test_what_cannot_be_looked_through_or_counted_is_not_passed_on(
    body: dict[str, Any], param: str
) -> None:
    with pytest.raises(NotAccepted) as refused:
        read_asked("chat", body)
    assert refused.value.param == param


@pytest.mark.parametrize(
    ("given", "param"),
    [(None, "input"), ([], "input"), ([1, 2], "input"), ([[1]], "input"), (["a", 1], "input")],
)
def test_embeddings_are_of_texts(given: Any, param: str) -> None:
    with pytest.raises(NotAccepted) as refused:
        read_asked("embeddings", {"model": "m-1", "input": given})
    assert refused.value.param == param


def test_a_request_is_read_with_its_limits() -> None:
    asked = read_asked(
        "chat",
        chat(stream=True, n=2, max_tokens=50, tools=[FUNCTION], service_tier="default",
             stream_options={"include_usage": True}),
    )  # fmt: skip
    assert (asked.streams, asked.choices, asked.most_output, asked.wants_usage) == (
        True, 2, 50, True,
    )  # fmt: skip
    assert asked.category == "model.chat"
    embedding = read_asked("embeddings", {"model": "m-1", "input": "a"})
    assert embedding.category == "model.embeddings"
    assert [*CATEGORIES] == [asked.category, embedding.category]


def test_what_is_sent_is_bounded_and_a_stream_tells_its_use() -> None:
    body = chat(stream=True, temperature=0.2)
    assert to_send(read_asked("chat", body), body, most_output=300) == body | {
        "max_completion_tokens": 300, "stream_options": {"include_usage": True},
    }  # fmt: skip
    bounded = chat(max_tokens=5)
    assert to_send(read_asked("chat", bounded), bounded, most_output=300) == bounded
    nulls = chat(max_tokens=None, max_completion_tokens=5)
    assert to_send(read_asked("chat", nulls), nulls, most_output=300) == chat(
        max_completion_tokens=5
    )
    texts = {"model": "m-1", "input": ["a", "b"]}
    assert to_send(read_asked("embeddings", texts), texts, most_output=300) == texts
