"""What cannot be read of a call says so in an error that has none of its text: errors go into the log."""

from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from callscribe.transcriptions.checkpoints import _SEGMENTS
from callscribe.transcripts.models import TRANSCRIPT

SAID = "4539148803436467"


@pytest.mark.parametrize("adapter", [TRANSCRIPT, _SEGMENTS], ids=["transcript", "segments"])
@pytest.mark.parametrize(
    "data",
    [
        f'{{"duration": 2.0, "language": "en", "sentences": [{{"text": "{SAID}"}}]}}',
        f'[{{"channel": 0, "words": [{{"text": "{SAID}"}}]}}]',
        f'[{{"text": "{SAID}"',
    ],
    ids=["a transcript", "segments", "cut short"],
)
def test_errors_have_no_text(adapter: TypeAdapter[Any], data: str) -> None:
    with pytest.raises(ValidationError) as error:
        adapter.validate_json(data)
    assert SAID not in str(error.value)
