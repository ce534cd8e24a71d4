"""The models of an installation: what they are, what they serve, who has them, and what is being got."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from callscribe.durable.tables import Worker
from callscribe.settings import Settings
from callscribe.speech.catalogue import Catalogue, CatalogueEntry
from callscribe.speech.engines import registry
from callscribe.speech.languages import language_code
from callscribe.speech.models import CATALOGUE
from callscribe.speech.served_models import ServedModels
from callscribe.speech.speeds import speeds
from callscribe.system.pulls import Pull, Pulls


@dataclass(frozen=True, slots=True)
class SystemModel:
    """A model. `serves` are locales and `multi`; `speed` is in times real time; `workers` are alive."""

    entry: CatalogueEntry
    serves: list[str]
    is_here: bool
    speed: float | None
    workers: int
    pull: Pull | None


def models(settings: Settings, pulls: Pulls, workers: Iterable[Worker]) -> list[SystemModel]:
    """Every model that is known, or in the models folder."""
    served, measured = ServedModels.parse(settings.model), speeds(settings.models)
    having = Counter(name for worker in workers for name in worker.models)
    known = {model.name for model in CATALOGUE}
    found = []
    for entry in Catalogue(settings.models).list():
        speed = measured.get(entry.name)
        found.append(
            SystemModel(
                entry,
                _serves(entry, served),
                entry.source not in {"hub", "package"},
                None if speed is None else speed.times,
                having[str(registry.named(entry.name))],
                pulls.state(entry.name) if entry.name in known else None,
            )
        )
    return found


def _serves(entry: CatalogueEntry, served: ServedModels) -> list[str]:
    """The locales that a model has by the setting, and knows."""
    locales = served.locales(entry.name)
    return [each for each in locales if language_code(each) in entry.languages] if entry.languages else locales
