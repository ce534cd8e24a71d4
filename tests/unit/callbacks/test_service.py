"""The 1 MB rule: a long call loses words, then sentences, but never its event."""

import json

import pytest

from callscribe.callbacks.service import MAX_BODY_BYTES, fit_body
from callscribe.speech.interface import Word
from callscribe.transcripts.models import Omission, Sentence
from callscribe.transcripts.wire import OmissionResource, SentenceResource
from callscribe.web.wire import Wire


class Body(Wire):
    """As much of a callback's body as matters here."""

    id: str = "voice_transcription_x"
    status: str = "completed"
    links: dict[str, str]
    sentences: list[SentenceResource]
    omissions: list[OmissionResource]


def _body(sentences: int, words: int, text: str = "word") -> Body:
    word = Word(text, 1.5, 2.0, 0.9)
    sentence = Sentence(0, None, 1.5, 2.0, text * words, 0.9, (word,) * words)
    return Body(
        links={"transcript": "https://calls.example.com/v3/Transcriptions/voice_transcription_x/Transcript"},
        sentences=[SentenceResource.of(0, sentence)] * sentences,
        omissions=[OmissionResource.of(Omission(0, 4.0, 6.0))],
    )


def test_body_in_limit_sent_whole() -> None:
    body = _body(10, 10)
    data, reduced = fit_body(body)
    assert json.loads(data) == body.model_dump(by_alias=True)
    assert reduced is None


def test_words_are_left_out_first() -> None:
    body = _body(1000, 20)
    data, reduced = fit_body(body)
    assert reduced == "words"
    assert len(data) <= MAX_BODY_BYTES
    sent = json.loads(data)
    assert [each["text"] for each in sent["sentences"]] == [each.text for each in body.sentences]
    assert not any("words" in each for each in sent["sentences"])


def test_sentences_next_link_stays() -> None:
    body = _body(20_000, 20)
    data, reduced = fit_body(body)
    assert reduced == "sentences"
    sent = json.loads(data)
    assert "sentences" not in sent
    assert "omissions" not in sent
    assert sent["links"] == body.links
    assert (sent["id"], sent["status"]) == (body.id, body.status)


def test_limit_counts_exact_bytes() -> None:
    body = _body(3, 3, text="größer")
    size = len(json.dumps(body.model_dump(by_alias=True), ensure_ascii=False, separators=(",", ":")).encode())
    assert fit_body(body, size)[1] is None
    assert fit_body(body, size - 1)[1] == "words"


def test_given_body_left_as_is() -> None:
    body = _body(2, 2)
    assert fit_body(body, 400)[1] == "sentences"
    assert body == _body(2, 2)


def test_impossible_limit_is_error() -> None:
    with pytest.raises(ValueError, match="over the limit"):
        fit_body(_body(1, 1), 10)
