"""HTTP: `/v3/Engines`, what a configuration may name and what serves it here. An addition of ours."""

from typing import Annotated, Any

from fastapi import APIRouter
from pydantic import Field

from callscribe.accounts.authentication import AccountSid, AuthenticatedRoute
from callscribe.monitoring.ttl_cache import TtlCache
from callscribe.settings import Settings
from callscribe.speech import routes
from callscribe.speech.engines import registry
from callscribe.speech.routes import Fault
from callscribe.waiting import TimedOut
from callscribe.web.application import of_application
from callscribe.web.problems import problem_responses
from callscribe.web.wire import Wire

KEPT = 5.0
"""Seconds for which a look into the models folder is good."""
PATIENCE = 4.0


class ServedByResource(Wire):
    """What really does the work."""

    engine: str
    model: str


class OfferedLanguage(Wire):
    """A language that may be named with a model; `servedBy` is null where that cannot be served, `fault` says why."""

    language: str
    served_by: ServedByResource | None
    fault: str | None


class OfferedModel(Wire):
    """A model that may be named. Without languages it is not here, and cannot be named now."""

    name: str
    languages: list[OfferedLanguage]


class OfferedEngine(Wire):
    """An engine that may be named."""

    name: str
    keyterms: bool = Field(description="Whether it takes `keyterms`.")
    verbatim: bool = Field(description="Whether it takes `verbatim`.")
    default_models: dict[str, str] = Field(
        description="By language the model that is meant where none is named; empty where `speechModel` must be named."
    )
    models: list[OfferedModel]


class EngineList(Wire):
    """All of them."""

    engines: list[OfferedEngine]


EXAMPLE: dict[str, Any] = {
    "engines": [
        {
            "name": "deepgram",
            "keyterms": True,
            "verbatim": True,
            "defaultModels": {},
            "models": [
                {
                    "name": "nova-3",
                    "languages": [
                        {"language": "en-US", "servedBy": {"engine": "whisper", "model": "base"}, "fault": None}
                    ],
                }
            ],
        }
    ]
}


class OfferedEngines:
    """What a configuration may name, looked up once in a while."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._found = TtlCache(self._look, KEPT, PATIENCE)

    def get(self) -> list[OfferedEngine]:
        """All engines, those of Twilio's first.

        Raises:
            TimedOut: the models folder does not answer.
        """
        try:
            return self._found.get()
        except TimeoutError as error:
            raise TimedOut("the models folder does not answer") from error

    def _look(self) -> list[OfferedEngine]:
        models: dict[str, list[OfferedModel]] = {name: [] for name in routes.engine_names(self._settings)}
        for offer in routes.offers(self._settings):
            languages = [_language(language, served) for language, served in offer.languages.items()]
            models[offer.engine].append(OfferedModel(name=offer.model, languages=languages))
        return [self._engine(name, offered) for name, offered in models.items()]

    def _engine(self, name: str, models: list[OfferedModel]) -> OfferedEngine:
        # Where it is not one of this program, another stands in for it: what that takes is taken.
        declaration = registry.find(name) or registry.DEFAULT
        languages = sorted({each.language for model in models for each in model.languages})
        defaults = {each: routes.default_model(name, each, self._settings) for each in languages}
        return OfferedEngine(
            name=name,
            keyterms=declaration.keyterms,
            verbatim=declaration.verbatim,
            default_models={language: model for language, model in defaults.items() if model is not None},
            models=models,
        )


def _language(language: str, served: Any) -> OfferedLanguage:
    if isinstance(served, Fault):
        return OfferedLanguage(language=language, served_by=None, fault=served.detail)
    by = ServedByResource(engine=served.engine, model=served.model)
    return OfferedLanguage(language=language, served_by=by, fault=None)


router = APIRouter(tags=["Transcription configurations"], route_class=AuthenticatedRoute)


@router.get("/v3/Engines", summary="List engines, models and languages", responses=problem_responses())
def list_engines(_: AccountSid, engines: Annotated[OfferedEngines, of_application("engines")]) -> EngineList:
    """All that a configuration may name, and what serves it on this server. It is the same for every account."""
    return EngineList(engines=engines.get())
