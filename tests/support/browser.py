"""A real browser without a screen: Debian's Chromium, driven over W3C WebDriver."""

from __future__ import annotations

import base64
import json
import re
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

CHROMIUM = shutil.which("chromium")
DRIVER = shutil.which("chromedriver")
ELEMENT = "element-6066-11e4-a52e-4f735466cecf"
"""The key under which the standard gives an element's name."""
FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync",
    "--disable-background-networking", "--disable-component-update", "--disable-dev-shm-usage", "--hide-scrollbars",
)  # fmt: skip


class Browser:
    """One window. Every method blocks."""

    def __init__(self, port: int) -> None:
        self._port = port
        options = {"binary": CHROMIUM, "args": list(FLAGS)}
        asked = {"alwaysMatch": {"browserName": "chrome", "goog:chromeOptions": options}}
        made = self._ask("POST", "/session", {"capabilities": asked})
        self._path = f"/session/{made['sessionId']}"

    def open(self, url: str) -> None:
        self._ask("POST", f"{self._path}/url", {"url": url})

    @property
    def url(self) -> str:
        return str(self._ask("GET", f"{self._path}/url"))

    @property
    def source(self) -> str:
        return str(self._ask("GET", f"{self._path}/source"))

    @property
    def text(self) -> str:
        """What is shown."""
        return str(self._ask("GET", f"{self._path}/element/{self._find('body')}/text"))

    def texts(self, css: str) -> list[str]:
        found = self._ask("POST", f"{self._path}/elements", {"using": "css selector", "value": css})
        return [str(self._ask("GET", f"{self._path}/element/{one[ELEMENT]}/text")) for one in found]

    def type(self, css: str, text: str) -> None:
        self._ask("POST", f"{self._path}/element/{self._find(css)}/value", {"text": text})

    def click(self, css: str) -> None:
        """Click, and wait for the page that comes of it."""
        before = self._find("html")
        self._ask("POST", f"{self._path}/element/{self._find(css)}/click", {})
        deadline = time.monotonic() + 10
        while self._is_there(before) or self.run("return document.readyState") != "complete":
            assert time.monotonic() < deadline, "no page came of the click"
            time.sleep(0.02)

    def run(self, script: str, *arguments: Any) -> Any:
        """What a script gives that runs beside the page, whatever the page's own policy."""
        return self._ask("POST", f"{self._path}/execute/sync", {"script": script, "args": list(arguments)})

    def cookies(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self._ask("GET", f"{self._path}/cookie")
        return found

    def forget(self) -> None:
        self._ask("DELETE", f"{self._path}/cookie")

    def resize(self, width: int, height: int, *, dark: bool = False) -> None:
        """The page's own size, and what its user likes."""
        size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": True}
        self._devtools("Emulation.setDeviceMetricsOverride", **size)
        features = [{"name": "prefers-color-scheme", "value": "dark" if dark else "light"}]
        self._devtools("Emulation.setEmulatedMedia", features=features)

    def picture(self, path: Path) -> Path:
        """What is on the screen, as PNG."""
        taken = self._devtools("Page.captureScreenshot", format="png")
        path.write_bytes(base64.b64decode(taken["data"]))
        return path

    def close(self) -> None:
        self._ask("DELETE", self._path)

    def _devtools(self, command: str, **parameters: Any) -> Any:
        return self._ask("POST", f"{self._path}/goog/cdp/execute", {"cmd": command, "params": parameters})

    def _find(self, css: str) -> str:
        found = self._ask("POST", f"{self._path}/element", {"using": "css selector", "value": css})
        return str(found[ELEMENT])

    def _is_there(self, element: str) -> bool:
        with suppress(AssertionError):
            self._ask("GET", f"{self._path}/element/{element}/name")
            return True
        return False

    def _ask(self, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
        connection = HTTPConnection("127.0.0.1", self._port, timeout=30)
        try:
            connection.request(method, path, None if body is None else json.dumps(body))
            answer = connection.getresponse()
            value = json.loads(answer.read())["value"]
        finally:
            connection.close()
        assert answer.status == 200, value.get("message", value) if isinstance(value, dict) else value
        return value


@contextmanager
def a_browser() -> Iterator[Browser]:
    """A browser of its own, with a profile that is thrown away."""
    assert DRIVER is not None
    with tempfile.TemporaryDirectory(prefix="mg-web-") as scratch:
        process = subprocess.Popen(
            [DRIVER, "--port=0"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
            env={"PATH": "/usr/bin:/bin", "HOME": scratch, "TMPDIR": scratch},
        )  # fmt: skip
        try:
            assert process.stdout is not None
            said = (re.search(r"successfully on port (\d+)", line) for line in process.stdout)
            browser = Browser(next(int(found[1]) for found in said if found))
            try:
                yield browser
            finally:
                browser.close()
        finally:
            process.terminate()
            process.wait(10)
            if process.stdout is not None:
                process.stdout.close()
