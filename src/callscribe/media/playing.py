"""Which recordings browsers play as they are, and as what."""

from typing import Final

_PCM: Final = ("pcm_s16le", "pcm_u8", "pcm_s24le", "pcm_mulaw", "pcm_alaw")

_TYPES: Final = {
    **{("wav", codec): "audio/wav" for codec in _PCM},
    ("mp3", "mp3"): "audio/mpeg",
    ("flac", "flac"): "audio/flac",
    ("ogg", "opus"): "audio/ogg",
    ("ogg", "vorbis"): "audio/ogg",
    ("matroska", "opus"): "audio/webm",
    ("matroska", "vorbis"): "audio/webm",
    ("mp4", "aac"): "audio/mp4",
}
"""By the names of `media.inspecting`: what Chromium, Firefox and Safari all play. Not 32 bits: Firefox does not."""

RENDERED: Final = "audio/mpeg"
"""Of what is made for the others: MP3."""

MEDIA_TYPES: Final = tuple(dict.fromkeys(_TYPES.values()))


def played_as(container: str, codec: str, *, regular: bool) -> str | None:
    """The media type of a recording that browsers play from beginning to end; None where they do not.

    `regular` is as in `media.inspecting.MediaInfo`.
    """
    return _TYPES.get((container, codec)) if regular else None
