from pathlib import Path

import pytest

from callscribe.configurations.documents import KeptTranscriptionOptions
from callscribe.errors import SetupError
from callscribe.settings import Settings
from callscribe.speech import routes
from callscribe.speech.abilities import prepare_models
from callscribe.speech.engines.registry import DEFAULT
from callscribe.speech.engines.served_by import ServedBy
from callscribe.speech.languages import LOCALES, MULTI
from callscribe.speech.served_models import ServedModels
from callscribe.transcriptions.documents import ResolvedConfiguration

NORDIC = "base,sv-SE=kb-whisper-base,no-NO=nb-whisper-base"


def test_one_model_serves_everything() -> None:
    served = ServedModels.parse("small")
    assert {served.serving(language) for language in (*LOCALES, MULTI, None)} == {"small"}
    assert served.names == ["small"]
    assert served.others("small", MULTI) == served.others("small", "sv-SE") == {}


def test_single_locales_have_their_own() -> None:
    served = ServedModels.parse(NORDIC)
    assert [served.serving(each) for each in ("sv-SE", "no-NO", "da-DK", "en-US", MULTI, None)] == [
        "kb-whisper-base",
        "nb-whisper-base",
        "base",
        "base",
        "base",
        "base",
    ]
    assert served.names == ["base", "nb-whisper-base", "kb-whisper-base"]


def test_what_is_found_to_be_spoken_has_its_model() -> None:
    served = ServedModels.parse(NORDIC)
    nordic = {"sv": "kb-whisper-base", "no": "nb-whisper-base"}
    assert served.others("base", MULTI) == nordic
    assert served.others("base", "de-DE") == nordic
    assert served.others("base", "sv-SE") == {"no": "nb-whisper-base"}, "asked for, so that base serves Swedish here"
    assert served.others("kb-whisper-base", "sv-SE") == {
        code: "nb-whisper-base" if code == "no" else "base"
        for code in (MULTI, "en", "de", "fr", "it", "es", "pt", "nl", "no", "pl", "da")
    }


@pytest.mark.parametrize("text", [" base , SV_se = kb-whisper-base,", "base,sv=kb-whisper-base"])
def test_people_write_it_as_they_like(text: str) -> None:
    assert ServedModels.parse(text) == ServedModels("base", {"sv-SE": "kb-whisper-base"})


def test_language_alone_is_all_its_locales_but_named_ones() -> None:
    served = ServedModels.parse("base,en=small.en,en-GB=tiny.en")
    assert [served.serving(each) for each in ("en-US", "en-GB", "en-AU")] == ["small.en", "tiny.en", "small.en"]
    assert served.serving_detected("en") == "small.en"


def test_what_is_detected_is_served_as_the_locale_it_is_reported_as() -> None:
    served = ServedModels.parse("base,pt-PT=small,es-ES=medium")
    assert served.serving_detected("pt") == "base"
    assert served.serving_detected("es") == "medium"
    assert served.serving_detected("cy") == "base"


def test_folder_is_named_by_its_path() -> None:
    served = ServedModels.parse("/opt/a=b/ours,sv-SE=/opt/swedish")
    assert (served.default, served.serving("sv-SE")) == ("/opt/a=b/ours", "/opt/swedish")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("base,small", "base and small are both for all languages"),
        ("sv-SE=kb-whisper-base", "no model for the other languages"),
        ("", "no model for the other languages"),
        ("base,sv-SE=", "'sv-SE=' names no model"),
        ("base,sv-SE=small,sv_se=medium", "sv-SE has two models, small and medium"),
        ("base,sv-FI=small", "'sv-FI' is no locale"),
        ("base,multi=small", "'multi' is no locale"),
        ("base,=small", "'' is no locale"),
    ],
)
def test_what_cannot_be_meant_is_refused(text: str, says: str) -> None:
    with pytest.raises(SetupError, match=says):
        ServedModels.parse(text)


@pytest.mark.parametrize(
    ("model", "says"),
    [
        (NORDIC, None),
        ("tiny.en", None),
        ("base,sv-SE=huge", "CALLSCRIBE_MODEL: There is no model 'huge'"),
        ("base,sv-SE=tiny.en", "model tiny.en is not for sv-SE. It knows en-AU, en-GB, en-US"),
        ("base,sv-SE=nb-whisper-base", "model nb-whisper-base is not for sv-SE. It knows no-NO"),
        ("base,sv-SE=distil-large-v3.5", "model distil-large-v3.5 is not for sv-SE"),
        ("base,small", "CALLSCRIBE_MODEL: base and small are both"),
    ],
)
def test_setting_is_checked_before_anything_starts(tmp_path: Path, model: str, says: str | None) -> None:
    settings = Settings(data_dir=tmp_path, model=model)
    if says is None:
        DEFAULT.check(settings)
        return
    with pytest.raises(SetupError, match=says):
        DEFAULT.check(settings)


def test_configuration_is_served_by_its_languages_model(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path, model=NORDIC)
    for engine, model in (("deepgram", "nova-3"), ("twilio_managed", None), ("whisper", None)):
        assert routes.resolve(engine, model, "sv-SE", settings) == ServedBy("whisper", "kb-whisper-base")
        assert routes.resolve(engine, model, "da-DK", settings) == ServedBy("whisper", "base")
    assert routes.resolve("whisper", "base", "sv-SE", settings) == ServedBy("whisper", "base"), "named, so it is meant"
    (fault,) = routes.check("whisper", "kb-whisper-base", "no-NO", settings)
    assert fault.field == "language"


def test_job_keeps_the_models_of_other_languages(tmp_path: Path) -> None:
    def others(model: str, language: str, setting: str = NORDIC) -> dict[str, str]:
        settings = Settings(data_dir=tmp_path, model=setting)
        return routes.detected_models(ServedBy("whisper", model), language, settings)

    assert others("base", MULTI) == {"sv": "kb-whisper-base", "no": "nb-whisper-base"}
    assert others("kb-whisper-base", "sv-SE")[MULTI] == "base"
    assert others("small", MULTI) == {}, "which the list does not name, and which knows all languages"
    assert others("tiny.en", "en-US")[MULTI] == "base", "which knows one language, and cannot tell others"
    assert others("tiny.en", "en-US", "tiny.en") == {}
    assert others("kb-whisper-base", "sv-SE", "small.en,sv-SE=kb-whisper-base") == {}, "nor can the model for all"


def test_resolved_configuration_shows_them_where_there_are_any() -> None:
    options = KeptTranscriptionOptions.model_validate({"transcriptionEngine": "deepgram", "language": MULTI})
    served = ServedBy("whisper", "base")
    document = ResolvedConfiguration.of(options, served, {"sv": "kb-whisper-base"}).document()
    assert document["languageModels"] == {"sv": "kb-whisper-base"}
    assert ResolvedConfiguration.model_validate(document).language_models == {"sv": "kb-whisper-base"}
    assert "languageModels" not in ResolvedConfiguration.of(options, served, {}).document()


def _folder(models: Path, name: str) -> None:
    (models / name).mkdir(parents=True)
    (models / name / "model.bin").write_bytes(b"weights")
    (models / name / "vocabulary.txt").write_text("word\n" * 51_865)


@pytest.mark.parametrize("worker_models", [(), ("all",)])
def test_worker_has_every_model_of_the_list(tmp_path: Path, worker_models: tuple[str, ...]) -> None:
    _folder(tmp_path / "models", "ours")
    settings = Settings(data_dir=tmp_path, model="base,sv-SE=ours", worker_models=worker_models)
    served = prepare_models(settings)
    assert {ServedBy("whisper", "base"), ServedBy("whisper", "ours")} <= set(served)


def test_worker_gets_models_of_single_languages_before_it_starts(tmp_path: Path) -> None:
    def prepared(*worker_models: str) -> list[ServedBy]:
        return prepare_models(Settings(data_dir=tmp_path, model="base,sv-SE=ours", worker_models=worker_models))

    for named in ((), ("all",), ("base",)):
        with pytest.raises(SetupError, match="There is no model 'ours'"):
            prepared(*named)
    assert prepared("tiny.en") == [ServedBy("whisper", "tiny.en")]
    _folder(tmp_path / "models", "ours")
    assert prepared("base") == [ServedBy("whisper", "base")], "parts of its calls may be Swedish"
