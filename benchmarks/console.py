"""What the console costs in a real browser: a call of eight hours, and a list of ten thousand.

A database and a blob store are filled as the program fills them: one call of eight hours on two channels, with a
made-up conversation, its peaks and an audio file; and ten thousand calls whose words are in the search index.
`callscribe api` serves them, and Chromium, signed in, opens the pages:

- how many bytes the first visit takes, as they are sent;
- how long it is from the navigation until the call's first turn and its time line are there;
- while the conversation is scrolled from its beginning to its end: the longest task, by the processor time of the
  page's main thread, and the most nodes in the page, texts included;
- how long it is from a click or an Enter until the list is there anew: sorted, filtered, searched.

Chromium has to be installed; see `tests/browser.py`.
"""

import argparse
import json
import os
import random
import socket
import statistics
import subprocess
import sys
import tempfile
import wave
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx2
import numpy as np
from playwright.sync_api import Browser, Page, Request, sync_playwright
from rich.console import Console
from rich.table import Table

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from browser import ARGUMENTS, installed
from callscribe.accounts.browser_sessions import BrowserSessions
from callscribe.accounts.service import Accounts
from callscribe.db.engine import Database
from callscribe.ids import new_configuration_id, new_transcription_id
from callscribe.media.blobs import BlobStore
from callscribe.media.peaks import MOST, Peaks
from callscribe.preparation import prepare
from callscribe.settings import Settings
from callscribe.speech.interface import SAMPLE_RATE, Word
from callscribe.transcriptions import keys
from callscribe.transcriptions.checkpoints import Checkpoints
from callscribe.transcriptions.documents import (
    InspectedMedia,
    Participant,
    ResolvedConfiguration,
)
from callscribe.transcriptions.searching import prepared, put
from callscribe.transcriptions.tables import Status, Transcription
from callscribe.transcripts.models import TRANSCRIPT, Omission, Sentence, Transcript
from harness import eventually
from listing_rows import ACCOUNTS, SHARES
from scoring import show
from searching import fill, word

ACCOUNT = ACCOUNTS[0]
HOURS = 8
RATE = 8000
REPETITIONS = 7
STEPS = 300
"""Of scrolling from one end to the other."""
SETTLED_MS = 500
TARGETS = {
    "first visit, kB": 150.0,
    "a call of 8 h is open, ms": 2000.0,
    "longest task while it is scrolled, processor ms": 50.0,
    "nodes in the page, at most": 2000.0,
    "the list is sorted, ms": 200.0,
    "the list is filtered, ms": 200.0,
    "the list is searched, ms": 200.0,
}

OPENED = """async () => {
    const drawn = () => {
        const canvas = document.querySelector(".waveform canvas");
        if (!(canvas?.width > 300)) return false;
        return canvas.getContext("2d").getImageData(canvas.width / 2, 0, 1, canvas.height).data.some(Boolean);
    };
    while (!document.querySelector(".turn") || !drawn()) {
        if (performance.now() > 60000) throw new Error("the call does not open");
        await new Promise((done) => requestAnimationFrame(done));
    }
    return performance.now();
}"""
"""Since the navigation began."""
SCROLL = """async ([steps]) => {
    const pane = document.querySelector(".conversation");
    let most = 0;
    const count = () => {
        const walker = document.createTreeWalker(document, NodeFilter.SHOW_ALL);
        let nodes = 1;
        while (walker.nextNode()) nodes++;
        return nodes;
    };
    for (let step = 0; step <= steps; step++) {
        pane.scrollTop = (step / steps) * (pane.scrollHeight - pane.clientHeight);
        await new Promise((done) => requestAnimationFrame(() => setTimeout(done)));
        if (step % 20 === 0) most = Math.max(most, count());
    }
    return { most, last: pane.scrollTop > pane.scrollHeight - pane.clientHeight - 50 };
}"""
CHANGED = """async ([act, query]) => {
    const rows = () => [...document.querySelectorAll("td.title > a")].map((each) => each.href).join();
    const before = rows();
    const began = performance.now();
    if (act === "search") {
        const input = document.querySelector("#search");
        input.value = query;
        input.form.requestSubmit();
    } else if (act === "filter") {
        const select = document.querySelector(".filters select");
        select.value = query;
        select.dispatchEvent(new Event("change", { bubbles: true }));
    } else {
        [...document.querySelectorAll("th button")].find((each) => each.textContent.includes(query)).click();
    }
    while (!rows() || rows() === before) {
        if (performance.now() - began > 20000) throw new Error("nothing has changed");
        await new Promise((done) => requestAnimationFrame(done));
    }
    return performance.now() - began;
}"""


def conversation(chance: random.Random, hours: float) -> Transcript:
    """Two parties who talk by turns, some hundred and fifty words a minute, with what was left out here and there."""
    sentences: list[Sentence] = []
    at, channel, end = 0.0, 0, hours * 3600 - 10
    while at < end:
        words = []
        for _ in range(chance.randint(3, 18)):
            length = chance.uniform(0.15, 0.55)
            words.append(Word(word(int(chance.paretovariate(0.7))), at, at + length, chance.betavariate(8, 1.5)))
            at += length + 0.03
        text = " ".join(each.text for each in words)
        sentences.append(Sentence(channel, channel, words[0].start, words[-1].end, text, 0.9, tuple(words)))
        if chance.random() < 0.5:
            channel = 1 - channel
        at += chance.expovariate(1.5)
    gaps = tuple(Omission(1, second, second + 3) for second in range(600, int(end), 1800))
    return Transcript(hours * 3600, "en-US", tuple(sentences), gaps, channels=2)


def add_long_call(settings: Settings, database: Database, chance: random.Random) -> str:
    """As a worker leaves it: row, transcript, index, peaks, audio."""
    transcript = conversation(chance, HOURS)
    now = datetime.now(UTC)
    row = Transcription(
        id=new_transcription_id(),
        account_sid=ACCOUNT,
        status=Status.COMPLETED,
        configuration_id=new_configuration_id(),
        title="Eight hours",
        participants=[
            Participant(audio_channel_index=1, type="CUSTOMER", name="Emma Carter"),
            Participant(audio_channel_index=2, type="HUMAN_AGENT", name="Daniel"),
        ],
        resolved_configuration=ResolvedConfiguration.model_validate(
            {"servedBy": {"engine": "whisper", "model": "base"}}
        ),
        language="en-US",
        duration=transcript.duration,
        progress=1.0,
        transcribed=transcript.duration,
        base_url="",
        created_at=now,
        updated_at=now,
        media_info=InspectedMedia(
            container="wav", codec="pcm_u8", channels=2, sample_rate=RATE, duration=transcript.duration, regular=True
        ),
    )
    blobs = BlobStore(settings.blobs)
    blobs.put_document(keys.transcript(row.blobs), TRANSCRIPT.dump_json(transcript))
    samples = int(transcript.duration * SAMPLE_RATE)
    piece = -(-samples // MOST)
    heights = np.random.default_rng(1).integers(0, 128, (2, -(-samples // piece)), np.uint8)
    Checkpoints(blobs).put_peaks(row, Peaks(piece, samples, heights))
    with tempfile.TemporaryFile(dir=settings.data_dir) as file:
        with wave.open(file, "wb") as sound:
            sound.setnchannels(2)
            sound.setsampwidth(1)
            sound.setframerate(RATE)
            for _ in range(HOURS * 60):
                sound.writeframesraw(bytes([128]) * (2 * 60 * RATE))
        file.seek(0)
        blobs.put_stream(keys.media(row.blobs), iter(lambda: file.read(1 << 20), b""))
    spoken = prepared(row, transcript)
    with database.write() as session:
        session.add(row)
        session.flush()
        put(session, spoken)
    return row.id


def _answers(url: str) -> bool:
    try:
        return httpx2.get(f"{url}/healthz", trust_env=False).is_success
    except httpx2.TransportError:
        return False


@contextmanager
def served(settings: Settings) -> Iterator[str]:
    """The API over what is there, on its own."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environment = os.environ | {"CALLSCRIBE_DATA_DIR": str(settings.data_dir)}
    command = [sys.executable, "-m", "callscribe", "api", "--port", str(port)]
    url = f"http://127.0.0.1:{port}"
    with subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL) as process:
        try:
            eventually(lambda: _answers(url))
            yield url
        finally:
            process.terminate()


def signed_in(browser: Browser, url: str, settings: Settings) -> tuple[Page, float]:
    """The list, in a browser that knew nothing, and the kilobytes that it got for it beside the API's answers."""
    database, _ = prepare(settings)
    with closing(database):
        code = BrowserSessions(database, Accounts.of(database, settings)).make_link(ACCOUNT)
    page = browser.new_context(viewport={"width": 1280, "height": 900}).new_page()
    requests: list[Request] = []
    page.on("requestfinished", lambda request: requests.append(request))  # noqa: PLW0108  it marks what it is given
    page.goto(f"{url}/console#signin={code}")
    page.wait_for_selector("td.title", timeout=60_000)
    page.wait_for_timeout(SETTLED_MS)
    return page, sum(each.sizes()["responseBodySize"] for each in requests if "/v3/" not in each.url) / 1000


def opened(page: Page, url: str, call: str) -> float:
    """Milliseconds from the navigation until text, waveform and player are there."""
    page.goto(f"{url}/console/calls/{call}", wait_until="commit")
    return float(page.evaluate(OPENED))


def longest_task(events: Sequence[dict[str, Any]]) -> float:
    """Milliseconds that the page's main thread worked for a task, which no other program makes longer."""
    main = {(each["pid"], each["tid"]) for each in events if each.get("args", {}).get("name") == "CrRendererMain"}
    return max(
        each["tdur"] / 1000
        for each in events
        if each["name"].endswith("RunTask") and "tdur" in each and (each["pid"], each["tid"]) in main
    )


def measure(browser: Browser, page: Page, url: str, call: str, repetitions: int) -> dict[str, list[float]]:
    """All but the first visit; milliseconds, and nodes."""
    found: dict[str, list[float]] = {name: [] for name in list(TARGETS)[1:]}
    opening, longest, nodes, sorting, filtering, searching = found.values()
    for _ in range(repetitions):
        opening.append(opened(page, url, call))
        page.wait_for_timeout(SETTLED_MS)
        browser.start_tracing(page=page, categories=["toplevel"])
        scrolled = page.evaluate(SCROLL, [STEPS])
        longest.append(longest_task(json.loads(browser.stop_tracing())["traceEvents"]))
        assert scrolled["last"], "the end of the conversation was not reached"
        nodes.append(scrolled["most"])
        page.goto(f"{url}/console")
        page.wait_for_selector("td.title")
        for column in ("Length", "Length", "When", "When"):
            sorting.append(page.evaluate(CHANGED, ["sort", column]))
            page.wait_for_timeout(SETTLED_MS)
        for status in ("FAILED", "COMPLETED", ""):
            filtering.append(page.evaluate(CHANGED, ["filter", status]))
            page.wait_for_timeout(SETTLED_MS)
        for rank in (2, 300, 3_000):
            searching.append(page.evaluate(CHANGED, ["search", word(rank)]))
            page.wait_for_timeout(SETTLED_MS)
    return found


def main() -> None:
    """Measure, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--calls", type=int, default=10_000, help="in the list")
    parser.add_argument("--repetitions", type=int, default=REPETITIONS)
    parser.add_argument("--markdown", action="store_true", help="print the table as docs/benchmarks.md has it")
    options = parser.parse_args()
    console = Console(width=140, file=sys.stderr if options.markdown else None)
    console.print(f"{os.cpu_count()} CPUs, load average at the start {os.getloadavg()[0]:.2f}")
    program = installed()
    if program is None:
        sys.exit("Install Chromium first: its program is not on the path.")
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(data_dir=Path(folder) / "data")
        database, _ = prepare(settings)
        with closing(database):
            fill(database, options.calls * sum(SHARES) // SHARES[0], random.Random(1))
            accounts = Accounts.of(database, settings)
            for sid in ACCOUNTS:
                accounts.rotate(sid)  # they were put in without a token
            call = add_long_call(settings, database, random.Random(1))
        with served(settings) as url, sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=program, args=ARGUMENTS)
            page, kilobytes = signed_in(browser, url, settings)
            found = {"first visit, kB": [kilobytes]} | measure(browser, page, url, call, options.repetitions)
            browser.close()
    table = Table("What")
    for title in ("Median", "Most", "Target"):
        table.add_column(title, justify="right")
    for name, values in found.items():
        table.add_row(name, f"{statistics.median(values):,.0f}", f"{max(values):,.0f}", f"{TARGETS[name]:,.0f}")
    show(table, markdown=options.markdown)
    missed = [name for name, values in found.items() if statistics.median(values) > TARGETS[name]]
    console.print(f"Missed: {'; '.join(missed)}." if missed else "All within their targets.")


if __name__ == "__main__":
    main()
