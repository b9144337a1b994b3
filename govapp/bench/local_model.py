"""A model's service for the benchmark of the gateway: streams words at a pace, and nothing else.

Run as `python -m govapp.bench.local_model PORT`. The request says the pace: `first` and `pause` in
milliseconds, and `words`, in its field `metadata`.
"""

import asyncio
import json
import sys
from typing import Any, Final

_HEAD: Final = (
    b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n"
)  # fmt: skip


async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Read one request, stream one answer."""
    head = await reader.readuntil(b"\r\n\r\n")
    length = 0
    for line in head.lower().split(b"\r\n"):
        if line.startswith(b"content-length:"):
            length = int(line.partition(b":")[2])
    asked: dict[str, Any] = json.loads(await reader.readexactly(length) or b"{}")
    pace = asked.get("metadata") or {}
    first, pause, words = (int(pace.get(name, 0)) for name in ("first", "pause", "words"))
    writer.write(_HEAD)
    await _sleep(first)
    for number in range(words):
        if number:
            await _sleep(pause)
        await _send(writer, [{"index": 0, "delta": {"content": "word "}, "finish_reason": None}])
    await _send(writer, [{"index": 0, "delta": {}, "finish_reason": "stop"}])
    await _send(writer, [], {"usage": {"prompt_tokens": 9, "completion_tokens": words}})
    writer.write(b"data: [DONE]\n\n")
    await writer.drain()
    writer.close()


async def _sleep(milliseconds: int) -> None:
    if milliseconds:
        await asyncio.sleep(milliseconds / 1000)


async def _send(
    writer: asyncio.StreamWriter, choices: list[Any], more: dict[str, Any] | None = None
) -> None:
    piece = {"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "m"}
    body = json.dumps(piece | {"choices": choices} | (more or {}))
    writer.write(f"data: {body}\n\n".encode())
    await writer.drain()


async def _serve(port: int) -> None:
    server = await asyncio.start_server(answer, "127.0.0.1", port)
    async with server:
        await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(_serve(int(sys.argv[1])))
