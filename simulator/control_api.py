"""What a test or a person can ask of the simulator itself: `/simulator/status` and `/simulator/faults`."""

from __future__ import annotations

import msgspec
from aiohttp import web

from pipeline.clock import Clock
from simulator.errors import WrongScene
from simulator.market_feed import MarketFeed
from simulator.scenes import ALL_LASTING, Scene, parse_scene, scene_of

DEFAULT_SECONDS = 5.0


class FaultRequest(msgspec.Struct, forbid_unknown_fields=True):
    """Either `fault` with how many seconds of the clock it lasts, or a `scene` counted from now."""

    fault: str | None = None
    seconds: float = DEFAULT_SECONDS
    scene: str | None = None

    def scene_from(self, now_ms: int) -> Scene:
        """What is asked for; raises WrongScene."""
        if (self.fault is None) == (self.scene is None):
            raise WrongScene("expected either fault or scene")
        if self.scene is not None:
            return parse_scene(self.scene, now_ms)
        assert self.fault is not None
        lasts_ms = round(self.seconds * 1000) if self.fault in ALL_LASTING else 0
        return scene_of(self.fault, now_ms, now_ms + lasts_ms)


class ControlApi:
    """The simulator's own addresses; no exchange has them."""

    def __init__(self, feed: MarketFeed, clock: Clock, start_ms: int) -> None:
        self._feed = feed
        self._clock = clock
        self._start_ms = start_ms

    def routes(self) -> list[web.RouteDef]:
        """Where it is found."""
        return [web.get("/simulator/status", self._status), web.post("/simulator/faults", self._cause)]

    async def _status(self, request: web.Request) -> web.Response:  # noqa: ARG002 - there is nothing to choose
        clock = {"now_ms": self._clock.wall_ms(), "start_ms": self._start_ms, "speed": self._clock.speed}
        return web.json_response({"label": "SIMULATED exchange", "clock": clock, **self._feed.status()})

    async def _cause(self, request: web.Request) -> web.Response:
        # Only programs send JSON unasked: a page in somebody's browser cannot.
        if request.content_type != "application/json":
            return web.json_response({"error": "expected content type application/json"}, status=415)
        try:
            wanted = msgspec.json.decode(await request.read(), type=FaultRequest)
            scene = wanted.scene_from(self._clock.wall_ms())
        except (msgspec.MsgspecError, WrongScene) as error:
            return web.json_response({"error": str(error)}, status=400)
        self._feed.schedule.add(scene)
        return web.json_response({"fault": scene.name, "from_ms": scene.from_ms, "to_ms": scene.to_ms})
