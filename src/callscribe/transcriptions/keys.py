"""Where a transcription keeps what in the blob store. `folder` is `Transcription.blobs`."""

from uuid import uuid4

_CALLBACK = "callback-"


def media(folder: str) -> str:
    """The recording as it was fetched."""
    return f"{folder}/media"


def derived(folder: str) -> str:
    """The folder of what is made of the recording, and goes with it."""
    return f"{folder}/derived"


def peaks(folder: str) -> str:
    """Its peaks, as they are answered."""
    return f"{derived(folder)}/peaks.json"


def playable(folder: str) -> str:
    """The recording as MP3, where browsers do not play it as it came."""
    return f"{derived(folder)}/playable.mp3"


def segmentation(folder: str) -> str:
    """Where speech is; a checkpoint."""
    return f"{folder}/segmentation.json"


def chunks(folder: str) -> str:
    """The folder of the chunks."""
    return f"{folder}/chunks"


def chunk(folder: str, number: int) -> str:
    """What was recognised in one chunk; a checkpoint."""
    return f"{chunks(folder)}/{number:04}.json"


def voices(folder: str, number: int) -> str:
    """What was heard of voices in one chunk; a checkpoint."""
    return f"{chunks(folder)}/{number:04}.voices.json"


def draft(folder: str, number: int) -> str:
    """What has been recognised of a chunk that is being worked on, to be read meanwhile; no checkpoint.

    Not the chunk's own name: a worker that was thought dead may write it after another has finished the chunk.
    """
    return f"{chunks(folder)}/{number:04}.draft.json"


def transcript(folder: str) -> str:
    """The finished transcript."""
    return f"{folder}/transcript.json"


def callback(folder: str) -> str:
    """The body of a callback, the same for every attempt; a new name at every call."""
    return f"{folder}/{_CALLBACK}{uuid4().hex}.json"


def is_callback(key: str) -> bool:
    """Whether the blob is the body of a callback."""
    return key.rpartition("/")[2].startswith(_CALLBACK)
