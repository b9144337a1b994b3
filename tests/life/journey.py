"""What the journeys do as agents and as people, through HTTP and mail only."""

import json
import re
import subprocess
import sys
import time
import uuid
from dataclasses import dataclass
from datetime import datetime
from email.message import EmailMessage
from typing import Any

import httpx

from govapp.chaos.mail import messages_in
from govapp.chaos.stack import Stack, until
from govapp.simulator.people import Form, Forms
from tests.people import PASSWORD

REQUESTS = "/api/v1/action-requests"
PAYMENT = {
    "category": "payments.transfer",
    "summary": "Pay EUR 48,200.00 to Northwind for invoice 1123",
    "payload": {
        "amount": "48200.00",
        "currency": "EUR",
        "to": "DE89370400440532013000",
        "purpose": "invoice",
    },
    "reason": "Invoice 1123 is due tomorrow and matches PO 4711.",
}


@dataclass
class Company:
    """A company of the journeys: its agents' keys, its people's logins."""

    stack: Stack
    note: dict[str, Any]

    @property
    def slug(self) -> str:
        return str(self.note["tenant"])

    @property
    def id(self) -> str:
        return str(self.note["tenant_id"])

    def url(self, path: str) -> str:
        """The address of one of its pages."""
        return f"{self.stack.base_url}/t/{self.slug}/{path}"

    def email_of(self, name: str) -> str:
        return f"{name}@{self.slug}.example"

    def agent(self, name: str = "payer") -> httpx.Client:
        """A client that speaks with the agent's key."""
        headers = {"Authorization": f"Bearer {self.note['keys'][name]}"}
        return httpx.Client(base_url=self.stack.base_url, headers=headers, timeout=90)

    def submit_with_curl(self, body: dict[str, Any]) -> dict[str, Any]:
        """Submit as a person at a terminal would; the answer has to be 202."""
        done = subprocess.run(
            [
                "curl", "-sS", "-w", "\n%{http_code}", f"{self.stack.base_url}{REQUESTS}",
                "-H", f"Authorization: Bearer {self.note['keys']['payer']}",
                "-H", f"Idempotency-Key: {uuid.uuid4()}",
                "-H", "Content-Type: application/json",
                "-d", json.dumps(body),
            ],
            capture_output=True, text=True, timeout=120,
        )  # fmt: skip
        answer, _, status = done.stdout.rpartition("\n")
        assert status == "202", f"{done.stdout}{done.stderr}"
        shown: dict[str, Any] = json.loads(answer)
        return shown

    def mails(self, name: str) -> list[EmailMessage]:
        """Every message to this person so far, oldest first."""
        folder = self.stack.directory / "mail"
        found = [each for path in sorted(folder.glob("*.log")) for each in messages_in(path)]
        return [each for each in found if self.email_of(name) in str(each["To"])]

    def wait_for_mail(self, name: str, subject: str) -> EmailMessage:
        """The first message to this person whose subject begins so."""

        def look() -> EmailMessage | None:
            fitting = (m for m in self.mails(name) if str(m["Subject"]).startswith(subject))
            return next(fitting, None)

        return until(look, f"a message to {name}: {subject}")

    def person(self, name: str) -> httpx.Client:
        """Log somebody in through the login page; return their browser without scripts."""
        client = httpx.Client(base_url=self.stack.base_url, timeout=90, follow_redirects=True)
        page = client.get("/accounts/login/")
        form = next(each for each in Forms(page.text).found if "password" in each.fields)
        form.fields |= {"login": self.email_of(name), "password": PASSWORD}
        assert send(client, page, form).status_code == 200
        assert "sessionid" in client.cookies
        return client


def link_in(message: EmailMessage, choice: str) -> str:
    """The review link with this choice, from the text of the message."""
    body = message.get_body(("plain",))
    assert body is not None
    found = re.search(rf"https?://\S+/l/\S+choice={choice}", str(body.get_content()))
    assert found, body.get_content()
    return found[0]


def send(client: httpx.Client, page: httpx.Response, form: Form) -> httpx.Response:
    """Send a form as the page's origin would."""
    address = page.url.join(form.action) if form.action else page.url
    return client.post(address, data=form.fields, headers={"Referer": str(page.url)})


def tell(figure: str) -> None:
    """Say a figure that is measured and not asserted; `-s` or `-rP` shows it."""
    sys.stdout.write(f"\n{figure}\n")


@dataclass
class Waited:
    """What a long poll returned, when (monotonic), and how long after the recorded decision."""

    shown: dict[str, Any]
    at: float
    seconds_after: float


def wait_by_long_poll(client: httpx.Client, request_id: str, seconds: float = 240.0) -> Waited:
    """Wait as `api.md` says until the request is no longer pending."""
    limit = time.monotonic() + seconds
    while True:
        answer = client.get(f"{REQUESTS}/{request_id}", headers={"Prefer": "wait=25"})
        at, wall = time.monotonic(), time.time()
        assert (answer.status_code, answer.headers["Preference-Applied"]) == (200, "wait=25")
        shown = answer.json()
        if shown["status"] != "pending":
            decided = datetime.fromisoformat(shown["decided_at"]).timestamp()
            return Waited(shown, at, wall - decided)
        assert at < limit, "nobody decided"
