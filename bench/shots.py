"""The pictures of the README, drawn from a running gate with the demo's servers behind it: nothing in them is painted.

    python bench/shots.py [--into pictures]

The page needs Chromium and its driver (apt-get install chromium chromium-driver). Exit code 2: they are missing, and
only the review screen was drawn.
"""

from __future__ import annotations

import argparse
import asyncio
import hashlib
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mcp_gate.demo.setup import write_directory
from mcp_gate.faces.client import ReviewClient, decision_body
from mcp_gate.faces.tui.app import ReviewApp

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests"))

from support.browser import CHROMIUM, DRIVER, Browser, a_browser  # noqa: E402 -- the tests' own
from support.lines import an_agent  # noqa: E402

TOKEN = "reviewer-of-the-pictures"
SETTINGS = f"""version: v1
listen: {{ review: "127.0.0.1:0" }}
agents: {{ support-bot: {{ owner: lee }}, ci-agent: {{ owner: lee }} }}
reviewers:
  dana: {{ groups: [default, escalation], token_sha256: "{hashlib.sha256(TOKEN.encode()).hexdigest()}" }}
  ana: {{ groups: [default] }}
"""
TIERS = """version: v1
risk_tiers:
  high:   { risk_tags: [prod, delete, financial], timeout_sec: 14400, on_timeout: deny }
  medium: { risk_tags: [write, egress], timeout_sec: 1200, on_timeout: escalate }
  low:    { risk_tags: [read], timeout_sec: 600, on_timeout: approve }
"""
ORDERS = ("1001", "1004")
CALLS: tuple[tuple[str, str, dict[str, Any]], ...] = (
    ("support-bot", "shop_get_order", {"order_id": ORDERS[1]}),
    ("support-bot", "shop_refund_order", {"order_id": ORDERS[1], "amount": 4200, "reason": "see pаypal.com\u202e"}),
    ("support-bot", "shop_send_mail", {"to": ["kim@example.com"], "subject": "Refund", "body": "It is on its way."}),
    ("ci-agent", "deploy", {"service": "checkout", "version": "2.14.0", "env": "prod"}),
    ("ci-agent", "deploy", {"service": "search", "version": "1.9.3", "env": "staging"}),
)  # fmt: skip


@dataclass(frozen=True)
class Gate:
    """A gate that serves, with calls held in it."""

    config: Path
    state: Path

    @property
    def review(self) -> ReviewClient:
        return ReviewClient(self.state)

    @property
    def address(self) -> str:
        return f"http://{self.review.get('/v1/status')['listen']['review']}"

    def held(self, tool: str) -> dict[str, Any]:
        """The request that waits for a tool."""
        return next(one for one in self.review.requests() if one["call"]["listed_name"] == tool)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--into", type=Path, default=ROOT / "pictures", metavar="DIR")
    into: Path = parser.parse_args().into
    into.mkdir(exist_ok=True)
    with a_gate() as gate:
        for picture in asyncio.run(screen(gate, into)):
            print(shown(picture))
        if not (CHROMIUM and DRIVER):
            print("Chromium is missing: apt-get install chromium chromium-driver", file=sys.stderr)
            return 2
        with a_browser() as browser:
            for picture in page(gate, browser, into):
                print(shown(picture))
    return 0


def shown(picture: Path) -> Path:
    return picture.relative_to(Path.cwd()) if picture.is_relative_to(Path.cwd()) else picture


async def screen(gate: Gate, into: Path) -> list[Path]:
    """The review screen: queue and call at 80 by 24, the second step of an approval beside the call at 120 by 40."""
    app = ReviewApp(gate.review, "dana", gate.review.get("/v1/status"))
    drawn: list[Path] = []

    def draw(name: str) -> None:
        # Without the addresses of fonts: a picture fetches nothing.
        svg = re.sub(r"@font-face \{.*?\}\s*", "", app.export_screenshot(title=""), flags=re.DOTALL)
        drawn.append(into / name)
        drawn[-1].write_text(svg + "\n")

    async with app.run_test(size=(80, 24)) as pilot:
        desk = app.desk_screen
        refund = gate.held("shop_refund_order")["id"]
        while desk.detail.held is None or len(desk.desk.requests) < len(CALLS) - 1:
            await pilot.pause(0.05)
        while desk.queue.current != refund:
            await pilot.press("j")
        await pilot.pause(0.3)
        draw("screen-queue.svg")
        await pilot.press("enter", "j", "j", "j", "j", "j", "j", "j", "j", "j")
        draw("screen-call.svg")
        await pilot.resize_terminal(120, 40)
        await pilot.pause(0.3)
        while not desk.detail.is_read:
            await pilot.press("space")
        await pilot.press("a")
        await pilot.pause(0.3)
        draw("screen-approve.svg")
    return drawn


def page(gate: Gate, browser: Browser, into: Path) -> Iterator[Path]:
    """The review page: the queue on a phone, a call on a desk at night."""
    browser.resize(390, 700)
    browser.open(gate.address)
    browser.type("#token", TOKEN)
    browser.click("form button")
    yield browser.picture(into / "page-queue.png")
    browser.resize(760, 1140, dark=True)
    browser.open(f"{gate.address}/requests/{gate.held('shop_refund_order')['id']}")
    yield browser.picture(into / "page-request.png")


@contextmanager
def a_gate() -> Iterator[Gate]:
    """A gate in a folder of its own; an earlier refund was approved, and other calls wait."""
    with tempfile.TemporaryDirectory(prefix="mg-shots-") as scratch, ExitStack() as stack:
        config = write_directory(Path(scratch))
        (config / "gate.yaml").write_text(SETTINGS)
        (config / "policies" / "tiers.yaml").write_text(TIERS)
        gate = Gate(config, Path(scratch) / "state")
        line = [sys.executable, "-m", "mcp_gate", "serve", "--config", str(config), "--state", str(gate.state)]
        process = subprocess.Popen(line, stderr=subprocess.DEVNULL, env={**os.environ, "PYTHONUNBUFFERED": "1"})
        try:
            wait_for(lambda: all(one["state"] == "up" for one in gate.review.get("/v1/upstreams")["upstreams"]))
            agents = {name: stack.enter_context(an_agent(gate.state, name)) for name in ("support-bot", "ci-agent")}
            first = agents["support-bot"].begin("shop_refund_order", order_id=ORDERS[0], amount=180, reason="late")
            request = wait_for(lambda: next(iter(gate.review.requests()), None))
            gate.review.post(f"/v1/requests/{request['id']}/decision", decision_body(request, "approve", "ana"))
            agents["support-bot"].answer(first)
            for agent, tool, arguments in CALLS:
                agents[agent].begin(tool, **arguments)
            wait_for(lambda: len(list(gate.review.requests())) == len(CALLS) - 1)
            yield gate
        finally:
            process.terminate()
            process.wait(20)


def wait_for(so: Callable[[], Any], seconds: float = 20) -> Any:
    """Until it is so; what it gave."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            if found := so():
                return found
        except Exception as error:
            if time.monotonic() > deadline:
                raise SystemExit(f"the gate does not answer: {error}") from None
        if time.monotonic() > deadline:
            raise SystemExit("it did not come to pass in time")
        time.sleep(0.05)


if __name__ == "__main__":
    sys.exit(main())
