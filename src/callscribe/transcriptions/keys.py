"""Where a transcription keeps what in the blob store. `folder` is `Transcription.blobs`."""


def media(folder: str) -> str:
    """The recording as it was fetched."""
    return f"{folder}/media"


def segmentation(folder: str) -> str:
    """Where speech is; a checkpoint."""
    return f"{folder}/segmentation.json"


def chunk(folder: str, index: int) -> str:
    """What was recognised in one chunk; a checkpoint."""
    return f"{folder}/chunks/{index:04}.json"


def transcript(folder: str) -> str:
    """The finished transcript."""
    return f"{folder}/transcript.json"


def callback(folder: str) -> str:
    """The body of the callback, the same for every attempt."""
    return f"{folder}/callback.json"
