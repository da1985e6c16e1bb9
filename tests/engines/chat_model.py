"""A small server that speaks the chat API of OpenAI: tests say what the model answers and how the service fails."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Answer = Callable[[str], dict[str, Any]]
"""From all that the model is told to the arguments of its answer."""

PRICE = {"input": 1.0, "output": 10.0}


@dataclass
class ChatModel:
    """What the server does and has seen; `failures` are HTTP states that it answers first, one a request."""

    port: int
    answer: Answer
    failures: list[int] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    requests: int = 0

    def connection(self, **extra: Any) -> str:
        """Return the JSON of a connection to it."""
        return json.dumps(
            {
                "conn_type": "pydanticai",
                "host": f"http://127.0.0.1:{self.port}/v1",
                "password": "sk-test-key",
                "extra": {"model": "openai-chat:small", "price": PRICE, **extra},
            }
        )

    def reply(self, request: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        self.requests += 1
        if self.failures:
            state = self.failures.pop(0)
            return state, {"error": {"message": f"state {state} for sk-test-key"}}
        told = "\n".join(str(one.get("content")) for one in request["messages"])
        self.asked.append(told)
        call = {"name": request["tools"][0]["function"]["name"], "arguments": json.dumps(self.answer(told))}
        message = {
            "role": "assistant",
            "content": None,
            "tool_calls": [{"id": "1", "type": "function", "function": call}],
        }
        return 200, {
            "id": "c",
            "object": "chat.completion",
            "created": 1,
            "model": "small",
            "choices": [{"index": 0, "message": message, "finish_reason": "tool_calls"}],
            "usage": {"prompt_tokens": 100, "completion_tokens": 10, "total_tokens": 110},
        }


@contextmanager
def chat_model(answer: Answer) -> Iterator[ChatModel]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            state, body = model.reply(request)
            text = json.dumps(body).encode()
            self.send_response(state)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

        def log_message(self, format: str, *args: Any) -> None:
            """Keep the output of tests clean."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    model = ChatModel(server.server_port, answer)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield model
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)


def rows_in(told: str) -> list[dict[str, Any]]:
    """Return the rows that an enrichment sends, each `{"row": n, "values": {…}}`."""
    return [json.loads(line) for line in re.findall(r'^\{"row".*$', told, re.MULTILINE)]


def judge(told: str) -> dict[str, Any]:
    """Answer by a rule of thumb, and with a mood that is not allowed for whoever shouts."""
    rows = []
    for one in rows_in(told):
        said = one["values"]["said"] or ""
        mood = "furious" if said.isupper() else "good" if "thank" in said else "bad"
        rows.append({"row": one["row"], "values": {"mood": mood, "stars": 5 if mood == "good" else 1}})
    return {"rows": rows}
