"""Where a recording keeps what in the blob store. `folder` is `Recording.blobs`."""

from uuid import uuid4


def new_folder(account_sid: str, sid: str) -> str:
    """A folder for the media of a recording. A new one at every call: what is erased late is never another's."""
    return f"{account_sid}/{sid}-{uuid4().hex}"


def media(folder: str) -> str:
    """The recording as it came in."""
    return f"{folder}/media"


def rendition(folder: str, name: str) -> str:
    """The same audio in another form, `1.mp3`, say."""
    return f"{folder}/renditions/{name}"
