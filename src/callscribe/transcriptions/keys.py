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


def stand_in(folder: str) -> str:
    """The same of a job whose provider was out, by the engine that took over: the provider may have left a chunk."""
    return f"{chunks(folder)}/stand-in"


def answer(folder: str, part: int) -> str:
    """What a provider answered to one part of the recording; a checkpoint."""
    return f"{chunks(folder)}/answers/{part:04}"


def chunk(chunks: str, number: int) -> str:
    """What was recognised in one chunk; a checkpoint."""
    return f"{chunks}/{number:04}.json"


def voices(chunks: str, number: int) -> str:
    """What was heard of voices in one chunk; a checkpoint."""
    return f"{chunks}/{number:04}.voices.json"


def draft(chunks: str, number: int) -> str:
    """What has been recognised of a chunk that is being worked on, to be read meanwhile; no checkpoint.

    Not the chunk's own name: a worker that was thought dead may write it after another has finished the chunk.
    """
    return f"{chunks}/{number:04}.draft.json"


def transcript(folder: str) -> str:
    """The finished transcript."""
    return f"{folder}/transcript.json"


def original(folder: str) -> str:
    """The same as it was recognised, of a job that redacts; sealed."""
    return f"{folder}/original.json"


def callback(folder: str) -> str:
    """The body of a callback, the same for every attempt; a new name at every call."""
    return f"{folder}/{_CALLBACK}{uuid4().hex}.json"


def is_callback(key: str) -> bool:
    """Whether the blob is the body of a callback."""
    return key.rpartition("/")[2].startswith(_CALLBACK)
