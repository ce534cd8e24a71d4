"""The engines of the installation: where each runs, who serves Twilio's names, and what was sent to whom."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from callscribe.accounts import provider_usage
from callscribe.accounts.provider_usage import Sent
from callscribe.db.engine import Database
from callscribe.durable import provider_refusals
from callscribe.settings import Settings
from callscribe.speech import routes
from callscribe.speech.engines import registry
from callscribe.speech.engines.declaration import EngineDeclaration


@dataclass(frozen=True, slots=True)
class SystemEngine:
    """An engine. `models` are none where it cannot be used; `sends_to` is the host that gets recordings."""

    name: str
    is_provider: bool
    models: tuple[str, ...]
    sends_to: str | None
    refusal: tuple[str, datetime] | None
    """What the provider said of its key the last time, and when, where it did not take it."""


@dataclass(frozen=True, slots=True)
class SystemEngines:
    """All of them; the order in which each of Twilio's names is served; and what was sent in the last 30 days."""

    engines: Sequence[SystemEngine]
    routes: dict[str, tuple[str, ...]]
    sent: Sequence[Sent]


def engines(database: Database, settings: Settings) -> SystemEngines:
    """As they are now."""
    with database.read() as session:
        refused = provider_refusals.refusals(session)
        sent = provider_usage.sent(session, provider_usage.MONTH)
    return SystemEngines(
        [_engine(each, settings, refused.get(each.name)) for each in registry.declared()],
        routes.orders(settings),
        sent,
    )


def _engine(declaration: EngineDeclaration, settings: Settings, refusal: tuple[str, datetime] | None) -> SystemEngine:
    models = tuple(model.name for model in declaration.models(settings))
    return SystemEngine(
        declaration.name,
        declaration.runs == "provider",
        models,
        declaration.sends_to(settings) if models else None,
        refusal,
    )
