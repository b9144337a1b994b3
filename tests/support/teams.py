"""A workflow of Teams on loopback, and what an Adaptive Card has to be."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from tests.support.receiver import Receiver, running_receiver

# As Power Automate writes them: the signature in the query is what lets one post.
QUERY = "?api-version=2016-06-01&sp=%2Ftriggers%2Fmanual%2Frun&sv=1.0&sig=topsecretsignature"
_LARGEST = 28 * 1024
_ELEMENTS = {"TextBlock", "RichTextBlock"}


@contextmanager
def running_workflow() -> Iterator[Receiver]:
    """Run a workflow: it takes messages with 202."""
    with running_receiver() as receiver:
        receiver.usual_status = 202
        yield receiver


def workflow_url(receiver: Receiver) -> str:
    """Return the address that the tenant pastes."""
    return f"{receiver.url}{QUERY}"


def read_card(body: bytes) -> dict[str, Any]:
    """Return the card of a message, after checking it against the reference (version 1.4)."""
    assert len(body) < _LARGEST
    message = json.loads(body)
    assert message["type"] == "message"
    (attachment,) = message["attachments"]
    assert attachment["contentType"] == "application/vnd.microsoft.card.adaptive"
    assert attachment["contentUrl"] is None
    card: dict[str, Any] = attachment["content"]
    assert (card["type"], card["version"]) == ("AdaptiveCard", "1.4")
    assert {each["type"] for each in card["body"]} <= _ELEMENTS
    assert {each["type"] for each in card["actions"]} <= {"Action.OpenUrl"}
    return card


def lines(card: dict[str, Any]) -> list[str]:
    """Return every line of text runs: in those Teams reads no Markdown."""
    rich = [each for each in card["body"] if each["type"] == "RichTextBlock"]
    return ["".join(run["text"] for run in each["inlines"]) for each in rich]
