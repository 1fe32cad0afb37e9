"""Runs `make demo` as a new user would, twice: signs in with what it printed, looks at the conversions, follows a
partner's link, buys in the shop and finds the order, and checks that nothing runs once it is stopped, or killed. Ends
with 1 and a sentence where that fails."""

import os
import re
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Callable
from html import unescape
from http.cookiejar import CookieJar
from pathlib import Path
from urllib.parse import urlencode
from urllib.request import HTTPCookieProcessor, OpenerDirector, build_opener

ROOT = Path(__file__).resolve().parents[1]
MARK = f"ACCREDIT_PROVED_BY={uuid.uuid4()}"
START_SECONDS = 600
STOP_SECONDS = 60
VISIBLE_SECONDS = 30
"""Two are promised; a machine that builds other things meanwhile gets more."""
BROWSER = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"


def prove(said: bool, sentence: str) -> None:
    if not said:
        sys.exit(f"The demo failed: {sentence}")


def left_running() -> list[str]:
    """Command lines of all processes that descend from our `make demo`, told by a mark in their environment."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            marked, command = MARK.encode() in (entry / "environ").read_bytes(), (entry / "cmdline").read_bytes()
        except OSError:
            continue
        if marked and command:
            found.append(command.replace(b"\0", b" ").decode())
    return found


def wait(seconds: float, sentence: str, holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + seconds
    while not holds():
        prove(time.monotonic() < deadline, sentence)
        time.sleep(0.1)


class Demo:
    """`make demo`, running, and what it said."""

    def __init__(self, log: Path) -> None:
        name, _, value = MARK.partition("=")
        self.log = log
        with log.open("wb") as output:
            self.make = subprocess.Popen(
                ["make", "demo"], cwd=ROOT, env={**os.environ, name: value}, stdout=output, stderr=output,
                start_new_session=True,
            )  # fmt: skip
        began = time.monotonic()
        wait(START_SECONDS, f"no address after {START_SECONDS} seconds", self._is_up)
        self.seconds = time.monotonic() - began
        self.said = log.read_text()

    def _is_up(self) -> bool:
        said = self.log.read_text()
        prove(self.make.poll() is None, f"make ended with {self.make.returncode}:\n{said}")
        return "answers at http" in said

    def found(self, pattern: str) -> str:
        match = re.search(pattern, self.said)
        prove(match is not None, f"it did not print {pattern!r}:\n{self.said}")
        return match[1] if match else ""

    def end(self, number: signal.Signals, *, group: bool) -> None:
        """Send the signal to make, as `kill` does, or to its whole group, as a terminal does on Ctrl-C."""
        if group:
            os.killpg(self.make.pid, number)
        else:
            self.make.send_signal(number)
        self.make.wait(STOP_SECONDS)
        wait(STOP_SECONDS, f"{number.name} left processes: {left_running()}", lambda: not left_running())


def visit(demo: Demo) -> None:
    """Sign in as the first of those who may, open the conversions and the style sheet of their page, and find there
    what is bought in the shop."""
    address = demo.found(r"answers at (http://[^\s/]+)")
    email, password = demo.found(r"Sign in as (\S+@\S+)"), demo.found(r"Sign in as \S+ +with (\S+)")
    opener = build_opener(HTTPCookieProcessor(CookieJar()))
    form = opener.open(f"{address}/sign-in", timeout=30).read().decode()
    token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', form)
    prove(token is not None, "the sign-in page has no form")
    fields = {"csrfmiddlewaretoken": token[1] if token else "", "login": email, "password": password}
    answer = opener.open(f"{address}/sign-in", data=urlencode(fields).encode(), timeout=30)
    prove(answer.url.endswith("/conversions"), f"signing in as {email} led to {answer.url}, not to the conversions")
    page = answer.read().decode()
    prove('id="grid-data"' in page, "the page of the conversions has none")
    style = re.search(r'<link rel="stylesheet" href="([^"]+)"', page)
    prove(style is not None, "the page of the conversions has no style sheet")
    opener.open(f"{address}{style[1] if style else ''}", timeout=30).read()
    order = buy(demo)
    wait(VISIBLE_SECONDS, f"order {order} is not in the list", lambda: in_list(opener, answer.url, order))


def buy(demo: Demo) -> str:
    """Come to the shop by a partner's link, and have its server report an order; the order's number."""
    shop = demo.found(r"shop is open at (http://[^\s/]+)")
    opener = build_opener(HTTPCookieProcessor(CookieJar()))
    opener.addheaders = [("User-Agent", BROWSER)]
    start = opener.open(f"{shop}/", timeout=30).read().decode()
    link = re.search(r'href="(http://[^"]+/c/[^"]+)"', start)
    prove(link is not None, "the shop lists no partner's link")
    landed = opener.open(unescape(link[1]) if link else "", timeout=30)
    prove(landed.url.startswith(f"{shop}/") and "hlclick=ck_" in landed.url, f"the link led to {landed.url}")
    opener.open(f"{shop}/basket", data=urlencode({"sku": "HL-101"}).encode(), timeout=30).read()
    thanks = opener.open(f"{shop}/order", data=urlencode({"way": "server"}).encode(), timeout=30).read().decode()
    prove("&quot;recorded&quot;" in thanks, f"the tracker did not record the order:\n{thanks}")
    number = re.search(r'id="order-token">([^<]+)<', thanks)
    prove(number is not None, f"the shop names no order:\n{thanks}")
    return number[1] if number else ""


def in_list(opener: OpenerDirector, address: str, order: str) -> bool:
    return f'"order": "{order}"' in opener.open(f"{address}?q={order}", timeout=30).read().decode()


def main() -> None:
    log = ROOT / ".accredit" / "proof.log"
    log.parent.mkdir(exist_ok=True)
    first = Demo(log)
    visit(first)
    first.end(signal.SIGINT, group=True)
    second = Demo(log)
    visit(second)
    second.end(signal.SIGKILL, group=False)
    log.unlink()
    print(f"The demo came up in {first.seconds:.0f} s and again in {second.seconds:.0f} s, answered, and left nothing.")


if __name__ == "__main__":
    main()
