"""One agent's calls, each counted, and repeated when the connection broke."""

import asyncio
import time
import uuid
from dataclasses import dataclass, field
from typing import Any, Final

import httpx
import jwt

from govapp.simulator.tally import Tally

WAIT_SECONDS: Final = 25
PAUSE_SECONDS: Final = 0.3
GRANTABLE: Final = frozenset({"allowed", "approved"})
REQUESTS: Final = "/api/v1/action-requests"


class Keys:
    """The public keys that verify a permission, fetched once and again for an unknown one."""

    def __init__(self, http: httpx.AsyncClient) -> None:
        self.http = http
        self.keys: dict[str, jwt.PyJWK] = {}

    async def key(self, token: str) -> jwt.PyJWK:
        """Return the key that the token names. Raises KeyError when there is none."""
        kid: str = jwt.get_unverified_header(token)["kid"]
        if kid not in self.keys:
            answer = await self.http.get("/.well-known/jwks.json")
            answer.raise_for_status()
            self.keys = {each["kid"]: jwt.PyJWK(each) for each in answer.json()["keys"]}
        return self.keys[kid]


@dataclass
class AgentClient:
    """Speaks for one agent. `http` is shared: the key travels with each call."""

    http: httpx.AsyncClient
    key: str
    tally: Tally
    keys: Keys
    until: float = field(default=float("inf"))

    async def call(self, name: str, method: str, path: str, **options: Any) -> httpx.Response:
        """Make one call and count its answer. Raises httpx.TransportError."""
        headers = {"Authorization": f"Bearer {self.key}", **options.pop("headers", {})}
        began = time.monotonic()
        answer = await self.http.request(method, path, headers=headers, **options)
        kind = problem_of(answer)
        self.tally.answered(name, answer.status_code, kind, time.monotonic() - began)
        return answer

    async def surely(self, name: str, method: str, path: str, **options: Any) -> httpx.Response:
        """Make a call that may be repeated until an answer comes.

        Repeated after a lost connection, 429 and 503. Raises httpx.TransportError when the time
        is over.
        """
        while True:
            try:
                answer = await self.call(name, method, path, **options)
                if answer.status_code not in (429, 503):
                    return answer
            except httpx.TransportError as error:
                self.tally.count(f"connection lost, {name}")
                if time.monotonic() > self.until:
                    raise
                del error
            await asyncio.sleep(PAUSE_SECONDS)

    async def submit(self, body: dict[str, Any], *, key: str = "") -> httpx.Response:
        """Submit under an idempotency key, and count how it stands."""
        key = key or str(uuid.uuid4())
        headers = {"Idempotency-Key": key}
        answer = await self.surely("submit", "POST", REQUESTS, json=body, headers=headers)
        if answer.status_code in (201, 202) and "Idempotency-Replayed" not in answer.headers:
            shown = answer.json()
            self.tally.submitted(shown["status"])
        if answer.status_code in (201, 202):
            self.tally.note("submitted", id=answer.json()["id"], key=key)
        return answer

    async def wait(self, shown: dict[str, Any]) -> dict[str, Any]:
        """Wait by long poll until the request is decided or the time is over."""
        headers = {"Prefer": f"wait={WAIT_SECONDS}"}
        while shown["status"] == "pending" and time.monotonic() < self.until:
            path = f"{REQUESTS}/{shown['id']}"
            answer = await self.surely("wait", "GET", path, headers=headers)
            if answer.status_code != 200:
                self.tally.promise(False, f"a long poll was answered {answer.status_code}")
                return shown
            shown = answer.json()
        return shown

    async def live(self, body: dict[str, Any]) -> dict[str, Any] | None:
        """Live through one action: submit, wait, get the permission, use it, report.

        Returns the request as it ended, None when it was refused.
        """
        answer = await self.submit(body)
        if answer.status_code not in (201, 202):
            return None
        shown: dict[str, Any] = answer.json()
        if shown["status"] == "pending":
            shown = await self.wait(shown)
            if shown["status"] != "pending":
                self.tally.decided(shown["status"])
                self.tally.note("decided", id=shown["id"], status=shown["status"])
        if shown["status"] in GRANTABLE:
            await self.act(shown)
        return shown

    async def act(self, shown: dict[str, Any]) -> None:
        """Get the permission, verify it without asking anybody, use it, report the outcome."""
        path = f"{REQUESTS}/{shown['id']}"
        answer = await self.surely("grant", "POST", f"{path}/grant")
        if answer.status_code == 409:  # issued, but the answer was lost: it expires unused
            self.tally.count("grant answer lost")
            return
        if answer.status_code != 201:
            return
        self.tally.count("granted")
        token = answer.json()["token"]
        await self.verify(token, shown)
        redeemed = await self.surely("redeem", "POST", "/api/v1/grants/redeem", json={
            "token": token, "redeemed_by": "simulator",
        })  # fmt: skip
        if redeemed.status_code != 200:
            return
        self.tally.count("redeemed")
        self.tally.note("redeemed", id=shown["id"], jti=answer.json()["jti"])
        report = {"outcome": "succeeded", "note": "Done by the simulator."}
        reported = await self.surely("report", "POST", f"{path}/execution", json=report)
        if reported.status_code == 200:
            self.tally.count("reported")
            self.tally.note("reported", id=shown["id"])

    async def verify(self, token: str, shown: dict[str, Any]) -> None:
        """Check what the system that executes would check."""
        try:
            claims = jwt.decode(
                token,
                await self.keys.key(token),
                algorithms=["EdDSA"],
                audience="govapp-grant",
                leeway=10,
            )
        except (jwt.PyJWTError, KeyError) as error:
            self.tally.promise(False, f"a permission does not verify: {error}")
            return
        same = claims["payload_digest"] == shown["payload_digest"]
        self.tally.promise(same, "a permission carries another digest than its request")
        self.tally.promise(claims["request"] == shown["id"], "a permission of another request")


def problem_of(answer: httpx.Response) -> str:
    """Return the last word of a problem's type (RFC 9457), empty when it is none."""
    if answer.status_code < 400:
        return ""
    if not answer.headers.get("content-type", "").startswith("application/problem+json"):
        return "(no problem document)"
    return str(answer.json().get("type", "")).rpartition(":")[2]
