"""Which engine and model a command means by a name: `ENGINE/MODEL`, an engine alone, or a model of the default one."""

from callscribe.errors import JobError, SetupError
from callscribe.settings import Settings
from callscribe.speech import routes
from callscribe.speech.engines import registry
from callscribe.speech.engines.served_by import ServedBy
from callscribe.speech.twilio_engines import TWILIO_ENGINES


def meant(name: str, language: str, settings: Settings) -> ServedBy:
    """What serves a name for a locale, or for `multi`.

    Names of Twilio's are served as a configuration's are, by `CALLSCRIBE_ROUTES`: nothing is sent to a provider because
    somebody names it in a command (`stands_in`). A folder of the operator's own is named by its path.

    Raises:
        SetupError: nothing does.
    """
    engine, _, model = name.partition("/")
    known = [each.name for each in routes.engine_models(engine, settings)]
    if not known or (model and model not in known and engine not in TWILIO_ENGINES):
        return registry.named(name)
    model = model or routes.default_model(engine, language, settings) or (known[0] if len(known) == 1 else "")
    if engine not in TWILIO_ENGINES:
        if not model:
            raise SetupError(f"Name a model of {engine}: {', '.join(f'{engine}/{each}' for each in known)}.")
        return ServedBy(engine, model)
    try:
        return routes.resolve(engine, model or known[0], language, settings)
    except JobError as error:
        raise SetupError(f"{error.detail}.") from error


def stands_in(name: str, served_by: ServedBy, settings: Settings) -> bool:
    """Whether what serves a name is of another engine than it names."""
    engine = name.partition("/")[0]
    return engine in routes.engine_names(settings) and engine != served_by.engine
