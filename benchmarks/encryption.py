"""What encryption at rest adds to a job's processor time: two servers, one with it and one without, in turns.

    python benchmarks/encryption.py [--runs 5] [--repeat 5] [--model tiny.en]

Counted is the time of every process of a server, decoders included, from the request to the finished job, for the
bundled call put behind itself `--repeat` times. The smallest model makes the largest share. Prints the median.
"""

import argparse
import base64
import statistics
import sys
import tempfile
import wave
from contextlib import ExitStack
from importlib.resources import files
from io import BytesIO
from pathlib import Path

import psutil

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from callscribe.sealing import new_key
from harness import Server, running
from media_server import MediaServer, body


def repeated(recording: bytes, times: int) -> bytes:
    """The recording so many times, one behind the other."""
    result = BytesIO()
    with wave.open(BytesIO(recording)) as source, wave.open(result, "wb") as target:
        target.setparams(source.getparams())
        target.writeframes(source.readframes(source.getnframes()) * times)
    return result.getvalue()


def used(server: Server) -> float:
    """Seconds of processor time of a server's processes, and of those that they have had."""
    total = 0.0
    for process in server.tree():
        try:
            total += sum(process.cpu_times()[:4])
        except psutil.NoSuchProcess:
            continue
    return total


def job(server: Server, configuration_id: str, url: str) -> float:
    """Processor seconds of one job."""
    before = used(server)
    ended = server.ended(server.submit(configuration_id, url, title="a call"), timeout=600)
    assert ended["status"] == "COMPLETED", ended
    return used(server) - before


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--repeat", type=int, default=5)
    parser.add_argument("--model", default="tiny.en")
    options = parser.parse_args()
    call = files("callscribe.demo").joinpath("call.wav").read_bytes()
    sealed = {
        "CALLSCRIBE_ENCRYPTION": "account",
        "CALLSCRIBE_MASTER_KEY": base64.b64encode(new_key()).decode(),
        "CALLSCRIBE_MODEL": options.model,
    }
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        media = stack.enter_context(MediaServer().running())
        media.paths["/call.wav"] = body(repeated(call, options.repeat))
        servers = [
            stack.enter_context(running(folder / "plain", CALLSCRIBE_MODEL=options.model)),
            stack.enter_context(running(folder / "sealed", **sealed)),
        ]
        configurations = [server.configure() for server in servers]
        pairs = []
        for run in range(options.runs + 1):
            turn = list(zip(servers, configurations, strict=True))
            measured = {
                id(server): job(server, of, media.url("/call.wav")) for server, of in turn[:: 1 - 2 * (run % 2)]
            }
            plain, with_it = (measured[id(server)] for server in servers)
            print(f"{run or 'warm-up'}: {plain:.2f} s without, {with_it:.2f} s with: {with_it / plain:.3f}")
            if run:
                pairs.append((plain, with_it))
        median = statistics.median(with_it / plain for plain, with_it in pairs)
        print(f"median of {options.runs}: {median:.3f} times the processor time")


if __name__ == "__main__":
    main()
