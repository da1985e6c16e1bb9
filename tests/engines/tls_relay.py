"""TLS in front of a server of this machine that speaks plain text itself."""

from __future__ import annotations

import asyncio
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

_BLOCK = 65_536


@contextmanager
def tls_relay(port: int, target: int, context: ssl.SSLContext) -> Iterator[None]:
    """Hand what comes to `port` by TLS on to the port `target`, and the answers back."""
    loop, ready = asyncio.new_event_loop(), threading.Event()
    stop = asyncio.Event()

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        theirs, ours = await asyncio.open_connection("127.0.0.1", target)
        await asyncio.gather(_pump(reader, ours), _pump(theirs, writer))

    async def serve() -> None:
        server = await asyncio.start_server(handle, "127.0.0.1", port, ssl=context)
        ready.set()
        await stop.wait()
        server.close()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)
        await asyncio.sleep(0)  # Connections that are aborted are closed in the next round.

    def run() -> None:
        loop.set_exception_handler(lambda *_: None)  # A client that trusts nobody breaks its handshake off.
        loop.run_until_complete(serve())
        loop.close()

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    assert ready.wait(10)
    try:
        yield
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join(10)


async def _pump(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
    try:
        with suppress(OSError):
            while data := await source.read(_BLOCK):
                sink.write(data)
                await sink.drain()
    finally:
        sink.transport.abort()
