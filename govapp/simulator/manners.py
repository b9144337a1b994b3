"""How agents behave: steady, bursty, sloppy, hostile."""

import asyncio
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from itertools import cycle
from random import Random
from typing import Final

import httpx

from govapp.simulator.actions import any_action
from govapp.simulator.client import REQUESTS, AgentClient, problem_of
from govapp.simulator.hostile import Attack, attacks

Turn = Callable[[], Awaitable[object]]
BURST: Final = 8
POLLS: Final = 40


async def steady(client: AgentClient, rng: Random, rate: float) -> AsyncIterator[Turn]:
    """One good action after the other."""
    while True:
        body = any_action(rng)
        yield lambda body=body: client.live(body)  # type: ignore[misc]
        await asyncio.sleep(rng.expovariate(rate))


async def bursty(client: AgentClient, rng: Random, rate: float) -> AsyncIterator[Turn]:
    """Nothing for a while, then many at once."""
    while True:
        for _ in range(BURST):
            body = any_action(rng)
            yield lambda body=body: client.live(body)  # type: ignore[misc]
        await asyncio.sleep(rng.expovariate(rate / BURST))


async def sloppy(client: AgentClient, rng: Random, rate: float) -> AsyncIterator[Turn]:
    """Mistakes that honest programs make."""
    mistakes = (
        missing_field, unknown_field, no_key, key_of_another_body, same_again, wrong_key,
        polls_too_often, impatient, redeems_twice,
    )  # fmt: skip
    for mistake in cycle(mistakes):
        yield lambda mistake=mistake: mistake(client, rng)  # type: ignore[misc]
        await asyncio.sleep(rng.expovariate(rate))


async def hostile(client: AgentClient, rng: Random, rate: float) -> AsyncIterator[Turn]:
    """Everything that could break a parser, a page or a person."""
    while True:
        for attack in attacks(any_action(rng)):
            yield lambda attack=attack: try_attack(client, attack)  # type: ignore[misc]
            await asyncio.sleep(rng.expovariate(rate))


MANNERS: Final = (steady, bursty, sloppy, hostile)


async def refused(client: AgentClient, answer: httpx.Response, status: int, what: str) -> None:
    """Note when a mistake did not get the answer that it should."""
    right = answer.status_code in (status, 429)
    shown = f"{answer.status_code} {problem_of(answer)}"
    client.tally.promise(right, f"{what}: {shown} instead of {status}")


async def missing_field(client: AgentClient, rng: Random) -> None:
    """Forget a field that is required."""
    body = any_action(rng)
    del body[rng.choice(("category", "summary", "payload"))]
    answer = await client.submit(body)
    client.tally.promise(answer.status_code in (400, 422), "a missing field was not refused")


async def unknown_field(client: AgentClient, rng: Random) -> None:
    """Send a field that does not exist."""
    answer = await client.submit({**any_action(rng), "urgency": "very"})
    await refused(client, answer, 400, "an unknown field")


async def no_key(client: AgentClient, rng: Random) -> None:
    """Forget the idempotency key."""
    answer = await client.surely("submit", "POST", REQUESTS, json=any_action(rng))
    await refused(client, answer, 400, "no idempotency key")


async def key_of_another_body(client: AgentClient, rng: Random) -> None:
    """Use one idempotency key for two different actions."""
    key = str(uuid.uuid4())
    first = await client.submit(any_action(rng), key=key)
    if first.status_code in (201, 202):
        other = {**any_action(rng), "summary": f"Something else {rng.random()}"}
        await refused(client, await client.submit(other, key=key), 422, "a key of another body")


async def same_again(client: AgentClient, rng: Random) -> None:
    """Repeat a submission as if its answer had not come: the first answer again."""
    key, body = str(uuid.uuid4()), any_action(rng)
    first, second = [await client.submit(body, key=key) for _ in range(2)]
    same = first.status_code == second.status_code and first.json() == second.json()
    client.tally.promise(same, "a repetition got another answer")


async def wrong_key(client: AgentClient, rng: Random) -> None:
    """Use a key that was never issued."""
    made_up = client.key[:-8] + "".join(rng.choices("abcdefgh23456789", k=8))
    headers = {"Authorization": f"Bearer {made_up}"}
    answer = await client.surely("read", "GET", REQUESTS, headers=headers)
    await refused(client, answer, 401, "a wrong key")


async def polls_too_often(client: AgentClient, rng: Random) -> None:
    """Ask again and again instead of waiting."""
    answer = await client.submit(any_action(rng))
    if answer.status_code not in (201, 202):
        return
    path = f"{REQUESTS}/{answer.json()['id']}"
    polls = (client.surely("read", "GET", path) for _ in range(POLLS))
    for polled in await asyncio.gather(*polls):
        await refused(client, polled, 200, "a poll")


async def impatient(client: AgentClient, rng: Random) -> None:
    """Want the permission before anybody has decided."""
    answer = await client.submit(any_action(rng))
    if answer.status_code == 202:
        path = f"{REQUESTS}/{answer.json()['id']}/grant"
        await refused(client, await client.surely("grant", "POST", path), 409, "a grant too early")


async def redeems_twice(client: AgentClient, rng: Random) -> None:
    """Use a permission twice: the second time must fail, whoever asks."""
    answer = await client.submit(any_action(rng))
    if answer.status_code != 201 or answer.json()["status"] != "allowed":
        return
    grant = await client.surely("grant", "POST", f"{REQUESTS}/{answer.json()['id']}/grant")
    if grant.status_code != 201:
        return
    client.tally.count("granted")
    body = {"token": grant.json()["token"]}
    calls = (client.surely("redeem", "POST", "/api/v1/grants/redeem", json=body) for _ in "12")
    statuses = sorted([each.status_code for each in await asyncio.gather(*calls)])
    client.tally.promise(statuses.count(200) <= 1, "a permission was used twice")
    if 200 in statuses:
        client.tally.count("redeemed")
        client.tally.note("redeemed", id=answer.json()["id"], jti=grant.json()["jti"])


async def try_attack(client: AgentClient, attack: Attack) -> None:
    """Send it, and look whether it was answered rightly."""
    headers = {
        "Content-Type": "application/json", "Idempotency-Key": str(uuid.uuid4()), **attack.headers
    }  # fmt: skip
    try:
        answer = await client.call(
            "attack", attack.method, attack.path, content=attack.content, headers=headers
        )
    except httpx.TransportError:
        # An answer while the body was still being sent: the server has hung up, which is right.
        client.tally.count("attack cut off")
        return
    client.tally.count("attacks")
    right = answer.status_code in attack.right
    shown = f"{answer.status_code} {problem_of(answer)}"
    client.tally.promise(right or answer.status_code == 429, f"{attack.name}: answered {shown}")
    if answer.status_code in (201, 202) and attack.path == "/api/v1/action-requests":
        client.tally.submitted(answer.json()["status"])
        client.tally.note("submitted", id=answer.json()["id"], key=headers["Idempotency-Key"])
