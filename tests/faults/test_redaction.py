"""Kill -9 of a server in the middle of a job that redacts: nothing of the call can be read, and the job ends well."""

from collections.abc import Callable, Iterable
from pathlib import Path

import pytest

from harness import Server, eventually, running
from media_server import MediaServer, body

CARD = (Path(__file__).parent.parent / "data" / "speech" / "card.flac").read_bytes()
DIGITS = "4539148803436467"
_GROUPS = [DIGITS[place : place + 4] for place in range(0, 16, 4)]
SECRETS = [each.encode() for each in (DIGITS, *(each.join(_GROUPS) for each in " -"), " ".join(DIGITS))]
SPOKEN = [b"security code", b"Thank you", b"the tent"]
RECORDED = [CARD[place : place + 64] for place in range(len(CARD) * 32 // 100, len(CARD) * 42 // 100, 8192)]
"""Of the recording, while the number is said."""

MOMENTS: dict[str, Callable[[Path], bool]] = {
    "fetched": lambda folder: (folder / "media").exists(),
    "recognised": lambda folder: any((folder / "chunks").glob("*.json")),
    "redacted": lambda folder: (folder / "redacted" / "media").exists(),
}
"""What the job has in the blob store when everything is killed."""


def files_with(server: Server, pieces: Iterable[bytes]) -> set[str]:
    """The files of a server that have any of these, but for those of models, which know every word."""
    wanted = list(pieces)
    files = [path for path in server.data.rglob("*") if path.is_file() and "models" not in path.parts]
    return {path.name for path in files if any(each in path.read_bytes() for each in wanted)}


@pytest.mark.timeout(240)
@pytest.mark.parametrize(
    ("policy", "moment"),
    [
        pytest.param("redacted", "fetched", marks=pytest.mark.long),
        pytest.param("redacted", "recognised", marks=pytest.mark.long),
        ("redacted", "redacted"),
        pytest.param("redacted_and_original", "redacted", marks=pytest.mark.long),
    ],
)
def test_killed_server_leaves_nothing_to_read(tmp_path: Path, policy: str, moment: str) -> None:
    with MediaServer().running() as media, running(tmp_path / "data") as server:
        media.paths["/card.flac"] = body(CARD)
        configuration = server.configure(redaction={"policy": policy, "entities": ["CARD_NUMBER", "CARD_CVV"]})
        job = server.submit(configuration, media.url("/card.flac"))
        folder = eventually(lambda: next((server.data / "blobs").glob(f"*/{job}"), None), interval=0.002)
        eventually(lambda: MOMENTS[moment](folder), interval=0.002)
        server.kill_tree()
        assert files_with(server, [*SECRETS, *RECORDED]) == set()
        if moment != "redacted":  # from then on there are words that everybody may read
            assert files_with(server, SPOKEN) == set()
        server.start()
        ended = server.ended(job, timeout=120)
        assert ended["status"] == "COMPLETED", ended
        texts = " ".join(each["text"] for each in server.transcript(job)["sentences"])
        assert "[CARD_NUMBER]" in texts
        eventually(lambda: not (folder / "chunks").exists())
        assert files_with(server, [*SECRETS, *RECORDED]) == set()
        assert (folder / "media").exists() == (policy == "redacted_and_original")
