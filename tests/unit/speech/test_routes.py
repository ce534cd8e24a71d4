import re
from collections.abc import Iterator

import pytest

from callscribe.errors import Code, JobError, SetupError
from callscribe.settings import Settings
from callscribe.speech.engines.served_by import ServedBy
from callscribe.speech.languages import LOCALES, MULTI, language_code, locale_named, locale_of
from callscribe.speech.route_orders import RouteOrders
from callscribe.speech.routes import behind, check, default_model, engine_models, resolve
from callscribe.speech.twilio_engines import TWILIO_ENGINES
from second_engine import ProviderDeclaration, registered

SETTINGS = Settings(model="base")


@pytest.mark.parametrize(
    ("engine", "model", "language"),
    [
        (engine, model, language)
        for engine, models in TWILIO_ENGINES.items()
        for model, languages in models.items()
        for language in sorted(languages)
    ],
)
def test_local_serves_all_of_twilios(engine: str, model: str, language: str) -> None:
    assert check(engine, model, language, SETTINGS) == []
    assert resolve(engine, model, language, SETTINGS).document() == {"engine": "whisper", "model": "base"}


@pytest.mark.parametrize(
    ("engine", "model", "language", "field"),
    [
        ("whisperx", "base", "en-US", "transcriptionEngine"),
        ("deepgram", "nova-1", "en-US", "speechModel"),
        ("deepgram", None, "en-US", "speechModel"),
        ("deepgram", "nova-3", "ja-JP", "language"),
        ("google", "chirp_2", "es-MX", "language"),
        ("google", "chirp_2", MULTI, "language"),
        ("twilio_managed", None, MULTI, "language"),
        ("twilio_managed", "nova-3", "en-US", "speechModel"),
        ("whisper", "tiny.en", "de-DE", "language"),
        ("whisper", "tiny.en", MULTI, "language"),
        ("whisper", "../../etc", "en-US", "speechModel"),
    ],
)
def test_bad_combination_refused_at_field(engine: str, model: str | None, language: str, field: str) -> None:
    (fault,) = check(engine, model, language, SETTINGS)
    assert fault.field == field
    with pytest.raises(JobError) as refused:
        resolve(engine, model, language, SETTINGS)
    assert refused.value.code is Code.PROVIDER_REFUSED


def test_twilio_managed_needs_no_model() -> None:
    assert default_model("twilio_managed", "en-US", SETTINGS) == "twilio_managed"
    assert resolve("twilio_managed", None, "en-US", SETTINGS) == ServedBy("whisper", "base")


def test_own_engine_takes_every_locale() -> None:
    for language in (*LOCALES, MULTI):
        assert resolve("whisper", "base", language, SETTINGS) == ServedBy("whisper", "base")
    assert resolve("whisper", "tiny.en", "en-AU", SETTINGS).model == "tiny.en"


def test_stand_in_can_be_forbidden() -> None:
    settings = Settings(routes="none")
    (fault,) = check("deepgram", "nova-3", "en-US", settings)
    assert fault.field == "transcriptionEngine"
    assert check("whisper", "base", "en-US", settings) == []


def test_english_default_serves_english() -> None:
    settings = Settings(model="tiny.en")
    assert check("deepgram", "nova-3", "en-GB", settings) == []
    (fault,) = check("deepgram", "nova-3", "fr-FR", settings)
    assert fault.field == "language"
    assert "tiny.en" in fault.detail


def test_unknown_engine_has_no_models() -> None:
    assert engine_models("whisperx", SETTINGS) == []
    assert {model.name for model in engine_models("deepgram", SETTINGS)} == {"nova-3", "nova-2"}


def test_locales_map_to_whisper_and_back() -> None:
    assert [language_code(locale) for locale in ("en-GB", "no-NO", "pt-BR")] == ["en", "no", "pt"]
    assert language_code(MULTI) is None
    assert language_code(None) is None
    assert locale_of("en") == "en-US"
    assert locale_of("es", ["es-US"]) == "es-US"
    assert locale_of("cy") == "cy"


def test_people_name_a_locale_as_they_like() -> None:
    for locale in (*LOCALES, MULTI):
        assert locale_named(locale) == locale_named(locale.upper().replace("-", "_")) == locale
    assert [locale_named(name) for name in ("en", "ES", "pt", "no")] == ["en-US", "es-ES", "pt-BR", "no-NO"]
    assert locale_named("tlh") == "tlh"


def test_a_model_that_is_not_there_is_no_language() -> None:
    (fault,) = check("whisper", "huge", "en-US", SETTINGS.model_copy(update={"model": "huge"}))
    assert fault.field == "speechModel"


@pytest.fixture
def provider() -> Iterator[ServedBy]:
    with registered(ProviderDeclaration()):
        yield ServedBy("deepgram", "nova-3")


LOCAL = ServedBy("whisper", "base")


@pytest.mark.parametrize(
    ("text", "served", "next_one"),
    [
        (None, "provider", None),
        ("", "provider", None),
        ("provider", "provider", None),
        ("provider,local", "provider", LOCAL),
        (" Provider , LOCAL ", "provider", LOCAL),
        ("local,provider", "local", "provider"),
        ("local", "local", None),
        ("deepgram=provider,local;google=local", "provider", LOCAL),
        ("google=none", "provider", None),
        ("deepgram=local", "local", None),
    ],
)
def test_order_of_routes(provider: ServedBy, text: str | None, served: str, next_one: object) -> None:
    settings = Settings(model="base", routes=text)
    expected = provider if served == "provider" else LOCAL
    asked = ("deepgram", "nova-3", "en-US", settings)
    assert resolve(*asked) == expected
    assert behind(expected, *asked) == (provider if next_one == "provider" else next_one)


@pytest.mark.parametrize("text", ["none", "deepgram=none;google=provider"])
def test_no_route_refuses(provider: ServedBy, text: str) -> None:
    (fault,) = check("deepgram", "nova-3", "en-US", Settings(model="base", routes=text))
    assert fault.field == "transcriptionEngine"
    assert "CALLSCRIBE_ROUTES" in fault.detail


def test_what_the_provider_cannot_goes_to_the_next(provider: ServedBy) -> None:
    """The provider of the tests knows English, and takes no key terms."""
    settings = Settings(model="base", routes="provider,local")
    assert resolve("deepgram", "nova-3", "de-DE", settings) == LOCAL
    assert resolve("deepgram", "nova-2", "en-US", settings) == LOCAL
    assert resolve("deepgram", "nova-3", "en-US", settings, keyterms=True) == LOCAL
    only = Settings(model="base", routes="provider")
    assert [fault.field for fault in check("deepgram", "nova-3", "de-DE", only)] == ["language"]
    assert [fault.field for fault in check("deepgram", "nova-3", "en-US", only, keyterms=True)] == ["keyterms"]
    assert behind(provider, "deepgram", "nova-3", "en-US", settings, keyterms=True) == LOCAL
    assert behind(LOCAL, "deepgram", "nova-3", "en-US", settings) is None
    assert behind(ServedBy("whisper", "tiny.en"), "deepgram", "nova-3", "en-US", settings) is None


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("remote", "'remote' is no route"),
        ("local,", "'' is no route"),
        ("local,local", "twice"),
        ("none,local", "'none' is no route"),
        ("whisper=local", "none of Twilio's engines"),
        ("deepgram", "'deepgram' is no route"),
        ("deepgram=local;deepgram=provider", "two orders"),
        ("deepgram=", "'' is no route"),
    ],
)
def test_routes_that_cannot_be_read(text: str, told: str) -> None:
    with pytest.raises(SetupError, match=re.escape(told)):
        RouteOrders.parse(text)
