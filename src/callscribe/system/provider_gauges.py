"""What was sent to providers in a day, by account, looked up when somebody asks for metrics."""

from collections.abc import Iterator
from typing import Final

import structlog
from prometheus_client.core import Metric
from prometheus_client.registry import Collector
from sqlalchemy.exc import SQLAlchemyError

from callscribe.accounts import provider_usage
from callscribe.db.engine import Database
from callscribe.monitoring.gauges import KEPT, PATIENCE
from callscribe.monitoring.ttl_cache import TtlCache
from callscribe.observability import metrics

SHOWN: Final = 20
"""Of accounts, with an engine and a model each, those that sent the most: labels have few values."""

_log = structlog.get_logger(__name__)


class ProviderGauges(Collector):
    """Seconds of audio by account, engine and model; every server says the same."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._found = TtlCache(self._look, KEPT, PATIENCE)

    def collect(self) -> Iterator[Metric]:
        """Those who sent the most."""
        try:
            yield self._found.get()
        except (SQLAlchemyError, TimeoutError) as error:
            _log.warning("metrics.database_away", error=type(error).__name__)

    def _look(self) -> Metric:
        with self._database.read() as session:
            sent = provider_usage.sent(session, provider_usage.DAY)[:SHOWN]
        return metrics.PROVIDER_DAY.family(
            *(((each.account_sid, each.engine, each.model), each.seconds) for each in sent)
        )
