"""An answer as it is kept, so that a job that begins anew sends only what has none: with the piece that it is for.

What is said when is looked for anew as well, and another processor may put an edge elsewhere. So an answer brings its
own piece, and what is planned goes on behind it.
"""

from typing import Final

from pydantic import TypeAdapter

from callscribe.speech.engines.openai.pieces import Piece

_PIECE: Final = TypeAdapter(Piece)


def packed(piece: Piece, answer: bytes) -> bytes:
    """A line of JSON with the piece, and the answer as it came."""
    return _PIECE.dump_json(piece) + b"\n" + answer


def unpacked(kept: bytes) -> tuple[Piece, bytes]:
    """The inverse of `packed`."""
    piece, _, answer = kept.partition(b"\n")
    return _PIECE.validate_json(piece), answer
