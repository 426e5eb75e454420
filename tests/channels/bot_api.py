"""A strict stand-in for the Telegram Bot API over HTTP, with a person's side and faults on demand.

    with BotApi() as api:
        person = api.person("小王")
        person.say("你好")
        ...                      # a bot that was pointed at api.url with api.token
        api.wait(lambda: person.answers)

It is stricter than Telegram in one thing: unknown or mistyped parameters are refused.
"""

from __future__ import annotations

import asyncio
import copy
import json
import threading
import time
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self, TypeVar

from aiohttp import web

from tests.channels.bot_api_methods import Chat, Methods
from tests.channels.bot_api_person import Person
from tests.channels.bot_api_rules import METHODS, Refused, bad, parameters

T = TypeVar("T")
TOKEN = "1234567890:AAEhBOweik6ad9r_QXMENQjcrGbqCr4K-bc"


@dataclass
class Fault:
    """What goes wrong with the next `times` calls of a method.

    `kind`: "status" (an error answer; done is nothing), "delay" (done after `seconds`), "drop" (the
    connection breaks, done is nothing), "lost" (done, then the connection breaks), "garbage" (no JSON).
    """

    kind: str
    times: int = 1
    status: int = 502
    retry_after: int = 0
    seconds: float = 0.0


class BotApi(Methods):
    """The server; runs on a thread of its own, on 127.0.0.1 and a free port."""

    def __init__(self, port: int = 0) -> None:
        super().__init__()
        self.token = TOKEN
        self.port = port
        self.calls: list[tuple[str, dict[str, Any]]] = []
        self._faults: dict[str, list[Fault]] = {}
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)

    # Life

    def __enter__(self) -> Self:
        self._thread.start()
        self._do(self._start())
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None
    ) -> None:
        self._do(self._stop())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(5)
        self._loop.close()

    async def _start(self) -> None:
        app = web.Application(client_max_size=60 * 2**20)
        app.router.add_route("*", "/bot{token}/{method}", self._handle)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.01)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", self.port)
        await site.start()
        self.port = self._runner.addresses[0][1]

    async def _stop(self) -> None:
        await self._runner.cleanup()
        rest = asyncio.all_tasks() - {asyncio.current_task()}
        for task in rest:
            task.cancel()
        await asyncio.gather(*rest, return_exceptions=True)

    def _do(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(10)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    # The tests' side

    def person(self, name: str = "小王", language: str = "zh-hans") -> Person:
        """A person with a private chat with the bot."""
        number = 1000 + len(self.chats)
        self.chats[number] = Chat(number, title=name)
        user = {"id": number, "is_bot": False, "first_name": name, "language_code": language}
        return Person(self, user, self.chats[number])

    def group(self, title: str) -> Chat:
        """A group that the bot is in; `person.in_chat(group)` speaks there."""
        number = -(100200 + len(self.chats))
        self.chats[number] = Chat(number, "supergroup", title)
        return self.chats[number]

    def fault(self, method: str, fault: Fault) -> None:
        """Let the next calls of `method` go wrong."""
        self._faults.setdefault(method, []).append(fault)

    def update(self, **what: Any) -> int:
        """Queue an update for the bot; returns its number."""

        async def put() -> int:
            self._next_update += 1
            # A copy: what was delivered does not change when the message is edited later.
            self._updates.append({"update_id": self._next_update, **copy.deepcopy(what)})
            self._news.set()
            return self._next_update

        return self._do(put())

    def wait(self, true: Callable[[], object], seconds: float = 30.0) -> None:
        """Wait until `true()` holds; fails with what the chats hold."""
        end = time.monotonic() + seconds
        while not true():
            if time.monotonic() > end:
                raise AssertionError({c.title: c.answers for c in self.chats.values()})
            time.sleep(0.01)

    def times(self, method: str) -> int:
        """How often a method was called."""
        return sum(name == method for name, _ in self.calls)

    @property
    def unconfirmed(self) -> int:
        """Updates that the bot has not acknowledged."""
        return len(self._updates)

    # The bot's side

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        method = request.match_info["method"]
        try:
            if request.match_info["token"] != self.token:
                raise Refused(401, "Unauthorized")
            known = {name.lower(): name for name in METHODS}.get(method.lower())
            if known is None:
                raise Refused(404, "Not Found: method not found")
            call = parameters(known, await _arguments(request))
            fault = self._next_fault(known)
            if fault:
                early = await self._before(request, fault)
                if early is not None:
                    return early
            result = await getattr(self, f"_{known}")(call)
            self.calls.append((known, call))
            if fault and fault.kind == "lost":
                return _drop(request)
            return web.json_response({"ok": True, "result": result})
        except Refused as no:
            body: dict[str, Any] = {"ok": False, "error_code": no.status, "description": no.description}
            if no.parameters:
                body["parameters"] = no.parameters
            return web.json_response(body, status=no.status)

    def _next_fault(self, method: str) -> Fault | None:
        waiting = self._faults.get(method)
        if not waiting:
            return None
        fault = waiting[0]
        fault.times -= 1
        if fault.times <= 0:
            waiting.pop(0)
        return fault

    async def _before(self, request: web.Request, fault: Fault) -> web.StreamResponse | None:
        match fault.kind:
            case "status" if fault.retry_after:
                raise Refused(
                    429, f"Too Many Requests: retry after {fault.retry_after}", retry_after=fault.retry_after
                )
            case "status" if fault.status >= 500:
                return web.Response(
                    text="<html>bad gateway</html>", status=fault.status, content_type="text/html"
                )
            case "status":
                raise Refused(fault.status, "as ordered")
            case "drop":
                return _drop(request)
            case "garbage":
                return web.Response(text="<html>log in to this network</html>", content_type="text/html")
        await asyncio.sleep(fault.seconds)
        return None


async def _arguments(request: web.Request) -> dict[str, Any]:
    found: dict[str, Any] = dict(request.query)
    if request.content_type == "application/json":
        try:
            body = json.loads(await request.text() or "{}")
        except ValueError:
            raise bad("can't parse JSON object") from None
        if not isinstance(body, dict):
            raise bad("JSON object expected")
        return found | body
    return found | dict(await request.post())


def _drop(request: web.Request) -> web.StreamResponse:
    if request.transport:
        request.transport.abort()
    return web.Response()
