"""The review page in a real browser: Debian's Chromium, without a screen."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.browser import CHROMIUM, DRIVER, Browser, a_browser
from support.reviewed import GROUPS, Reviewed, a_gate

pytestmark = [
    pytest.mark.anyio,
    pytest.mark.skipif(not (CHROMIUM and DRIVER), reason="needs Chromium (apt-get install chromium chromium-driver)"),
]

PHONE = 320
HOSTILE = "\u202e<script>document.title='owned'</script><img src=x onerror=\"document.title='owned'\"> pаypal.com"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with a_browser() as found:
        found.resize(PHONE, 640)
        yield found


def address(gate: Reviewed) -> str:
    return "http://{}:{}".format(*gate.address)


def sign_in(browser: Browser, at: str, name: str = "dana") -> None:
    browser.forget()
    browser.open(at)
    browser.type("#token", f"{name}-token")
    browser.click("form button")


def fits(browser: Browser) -> bool:
    """Whether nothing has to be scrolled sideways."""
    return bool(browser.run("return document.documentElement.scrollWidth <= window.innerWidth"))


async def test_a_reviewer_signs_in_reads_approves_and_denies_on_a_phone(tmp_path: Path, browser: Browser) -> None:
    async with a_gate(tmp_path, settings=GROUPS) as gate:
        urgent = await gate.hold(due=50, arguments={"amount": 4200, "note": HOSTILE, "long": "x" * 400})
        other = await gate.hold()

        def work() -> None:
            at = address(gate)
            browser.open(f"{at}/requests/{urgent.id}")
            assert "shop_refund_order" not in browser.text, "a stranger sees it"
            sign_in(browser, f"{at}/")
            assert fits(browser)
            assert [text.split()[:2] for text in browser.texts(".queue .sign")] == [["▲", "HIGH"]] * 2
            assert browser.texts(".queue .left")[0].startswith("0:")
            browser.click(".queue li:first-child a")
            assert browser.url == f"{at}/requests/{urgent.id}"
            assert fits(browser)
            assert "owned" not in browser.run("return document.title")
            assert browser.run("return document.scripts.length + document.images.length") == 0
            assert {"U+202E", "pаypal.com"} <= set(browser.texts(".foreign mark"))
            browser.type("#digest-approve", browser.texts(".seal b")[0])
            browser.click("form.approve button")
            assert "approve by dana (token)" in browser.text
            browser.open(f"{at}/requests/{other.id}")
            browser.type("#reason-deny", "wrong order")
            browser.click("form.deny button")
            assert "it is rejected" in browser.text
            browser.open(f"{at}/")
            assert "Nothing is waiting for you" in browser.text
            browser.click("header button")
            assert browser.texts("label") == ["Your reviewer's token"]
            browser.open(f"{at}/requests/{urgent.id}")
            assert "shop_refund_order" not in browser.text

        await asyncio.to_thread(work)
        words = [(word["data"]["decision"], word["assurance"]) for word in await gate.records("request.decided")]
        assert words == [("approve", "token"), ("deny", "token")]


async def test_S140_another_sites_page_decides_nothing_in_a_signed_in_browser(tmp_path: Path, browser: Browser) -> None:
    """Another port is the same site, so that the browser sends its cookie along: the hardest case."""
    async with a_gate(tmp_path / "a", settings=GROUPS) as gate, a_gate(tmp_path / "b", settings=GROUPS) as evil:
        request = await gate.hold()

        def work() -> None:
            at = address(gate)
            sign_in(browser, f"{at}/requests/{request.id}")
            read = "return Object.fromEntries(new FormData(document.querySelector('form.deny')))"
            fields = {**browser.run(read), "reason": "sent from elsewhere"}
            browser.open(f"{address(evil)}/v1/nothing")
            browser.run(
                "const form = document.createElement('form'); form.method = 'post'; form.action = arguments[0];"
                "for (const [name, value] of Object.entries(arguments[1])) { const input ="
                "document.createElement('input'); input.name = name; input.value = value; form.append(input); }"
                "document.body.append(form); form.submit()",
                f"{at}/requests/{request.id}/decision", fields,
            )  # fmt: skip
            for _ in range(200):
                if "bad_origin" in browser.text:
                    break
            assert "bad_origin" in browser.text

        await asyncio.to_thread(work)
        assert not await gate.records("request.decided")


async def test_a_wrong_digest_and_a_stale_page_are_told_in_plain_words(tmp_path: Path, browser: Browser) -> None:
    async with a_gate(tmp_path, settings=GROUPS) as gate:
        request = await gate.hold()
        loop = asyncio.get_running_loop()

        def decide_elsewhere() -> None:
            async def say() -> None:
                await gate.post(request, await gate.word(request, "deny", by="ana", reason="no"))

            asyncio.run_coroutine_threadsafe(say(), loop).result(10)

        def work() -> None:
            at = f"{address(gate)}/requests/{request.id}"
            sign_in(browser, at)
            browser.type("#digest-approve", "0000 0000")
            browser.click("form.approve button")
            assert "not the first 8 digits" in browser.text
            browser.click("main a")
            assert browser.url == at
            browser.type("#digest-approve", browser.texts(".seal b")[0])
            decide_elsewhere()
            browser.click("form.approve button")
            assert "no longer open" in browser.text
            assert fits(browser)

        await asyncio.to_thread(work)
        assert len(await gate.records("request.decided")) == 1
