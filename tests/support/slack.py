"""Slack's side on loopback: the Web API with its tokens and answers, and signed interactions."""

import hashlib
import hmac
import itertools
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, cast
from urllib.parse import parse_qs, urlencode

from django.test import Client

from govapp.common import clock

TOKEN = "xoxb-1234567890-abcdefghij"
SIGNING_SECRET = "8f742231b10e8888abcd99yyyzzz85a5"
TEAM = "T024ACME"
_FORM = "application/x-www-form-urlencoded"
# What the reference says of each method that we call.
_NEEDS = {
    "auth.test": set(),
    "users.lookupByEmail": {"email"},
    "chat.postMessage": {"channel", "text"},
    "chat.postEphemeral": {"channel", "user", "text"},
    "chat.update": {"channel", "ts", "text"},
    "views.open": {"trigger_id", "view"},
}
# No two presses are the same call: Slack gives each a time stamp of its own.
_presses = itertools.count()
_ONLY_FORMS = {"users.lookupByEmail"}


@dataclass(frozen=True)
class Call:
    """One call of a method, with what was sent."""

    method: str
    sent: dict[str, Any]


@dataclass
class Workspace:
    """A workspace of people by e-mail address. `errors` holds codes instead of the next answers;
    `statuses` holds HTTP statuses with a body that is no JSON."""

    port: int = 0
    people: dict[str, str] = field(default_factory=dict)
    team: str = TEAM
    token: str = TOKEN
    calls: list[Call] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    statuses: list[int] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/api/"

    def of(self, method: str) -> list[dict[str, Any]]:
        """Return what was sent to one method."""
        return [call.sent for call in self.calls if call.method == method]

    def answer(self, method: str, sent: dict[str, Any]) -> dict[str, Any]:
        """Return what the method answers."""
        if self.errors:
            return {"ok": False, "error": self.errors.pop(0)}
        if missing := _NEEDS[method] - set(sent):
            return {"ok": False, "error": "invalid_arguments", "missing": sorted(missing)}
        match method:
            case "auth.test":
                return {"ok": True, "team": "Acme Workspace", "team_id": self.team, "user_id": "UB"}
            case "users.lookupByEmail":
                ident = self.people.get(sent["email"])
                if ident is None:
                    return {"ok": False, "error": "users_not_found"}
                return {"ok": True, "user": {"id": ident, "team_id": self.team}}
            case "chat.postMessage":
                channel = sent["channel"].replace("U", "D", 1)
                return {"ok": True, "channel": channel, "ts": f"1700000000.{len(self.calls):06}"}
            case _:
                return {"ok": True}


class _Server(ThreadingHTTPServer):
    workspace: Workspace


class _Handler(BaseHTTPRequestHandler):
    timeout = 60

    def do_POST(self) -> None:
        workspace = cast("_Server", self.server).workspace
        body = self.rfile.read(int(self.headers.get("content-length", "0")))
        method, kind = self.path.removeprefix("/api/"), self.headers.get("content-type", "")
        is_form = kind.startswith(_FORM)
        sent = self._sent(body, is_form=is_form)
        workspace.calls.append(Call(method, sent))
        if workspace.statuses:
            self._say(workspace.statuses.pop(0), b"<html>not now</html>", "text/html")
            return
        if self.headers.get("authorization") != f"Bearer {workspace.token}":
            answered: dict[str, Any] = {"ok": False, "error": "invalid_auth"}
        elif method in _ONLY_FORMS and not is_form:
            answered = {"ok": False, "error": "invalid_arguments"}
        else:
            answered = workspace.answer(method, sent)
        self._say(200, json.dumps(answered).encode(), "application/json; charset=utf-8")

    @staticmethod
    def _sent(body: bytes, *, is_form: bool) -> dict[str, Any]:
        if is_form:
            return {name: values[0] for name, values in parse_qs(body.decode()).items()}
        read: dict[str, Any] = json.loads(body or b"{}")
        return read

    def _say(self, status: int, body: bytes, kind: str) -> None:
        self.send_response(status)
        self.send_header("content-type", kind)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        pass


@contextmanager
def running_workspace() -> Iterator[Workspace]:
    """Run the workspace on a port that the system chooses."""
    with _Server(("127.0.0.1", 0), _Handler) as server:
        server.workspace = Workspace(port=server.server_address[1])
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield server.workspace
        finally:
            server.shutdown()
            thread.join()


def buttons(blocks: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """Return the buttons of a message by the word on them."""
    rows = [block for block in blocks if block["type"] == "actions"]
    return {each["text"]["text"]: each for row in rows for each in row["elements"]}


def words(blocks: list[dict[str, Any]]) -> list[str]:
    """Return every text of a message, and check that none is read as markup."""
    found: list[str] = []
    for block in blocks:
        texts = [*block.get("fields", ()), *block.get("elements", ())]
        texts += [block["text"]] if "text" in block else []
        for each in texts:
            if each["type"] != "button":
                assert each["type"] == "plain_text", each
                found.append(each["text"])
    return found


def pressed(button: dict[str, Any], *, user: str, team: str = TEAM) -> dict[str, Any]:
    """Return what Slack sends when a button of a message is pressed (block_actions)."""
    return {
        "type": "block_actions",
        "team": {"id": team, "domain": "acme"},
        "user": {"id": user, "username": "somebody", "team_id": team},
        "container": {"type": "message", "message_ts": "1700000000.000001", "channel_id": "D1"},
        "channel": {"id": "D1", "name": "directmessage"},
        "trigger_id": "12321423423.333649436676.d8c1bb837935619ccad0f624c448ffb3",
        "actions": [{**button, "block_id": "b", "action_ts": f"1700000001.{next(_presses):06}"}],
    }


def submitted(
    view: dict[str, Any], reason: str | None, *, user: str, team: str = TEAM
) -> dict[str, Any]:
    """Return what Slack sends when a form is sent (view_submission)."""
    (block,) = [each for each in view["blocks"] if each["type"] == "input"]
    value = {"type": "plain_text_input", "value": reason}
    state = {"values": {block["block_id"]: {block["element"]["action_id"]: value}}}
    return {
        "type": "view_submission",
        "team": {"id": team},
        "user": {"id": user, "team_id": team},
        "view": {**view, "id": "V1", "state": state},
    }


def sign(body: bytes, secret: str = SIGNING_SECRET, *, at: int | None = None) -> dict[str, str]:
    """Return the headers with which Slack signs a body (v0)."""
    stamp = str(int(clock.now().timestamp()) if at is None else at)
    digest = hmac.new(secret.encode(), b"v0:" + stamp.encode() + b":" + body, hashlib.sha256)
    return {
        "X-Slack-Request-Timestamp": stamp,
        "X-Slack-Signature": f"v0={digest.hexdigest()}",
    }


def encode(payload: dict[str, Any]) -> bytes:
    """Return the body in which Slack sends a payload."""
    return urlencode({"payload": json.dumps(payload)}).encode()


def deliver(path: str, payload: dict[str, Any], headers: dict[str, str] | None = None) -> Any:
    """Send a payload, signed unless headers are given, and return our answer."""
    body = encode(payload)
    client = Client(enforce_csrf_checks=True)
    return client.post(path, body, content_type=_FORM, headers=headers or sign(body))
