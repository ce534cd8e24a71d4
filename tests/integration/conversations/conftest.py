"""Conversations without a server."""

import pytest

from callscribe.callbacks.service import Callbacks
from callscribe.conversations.configuration_schemas import ConversationConfigurationRequest
from callscribe.conversations.control_plane import ConversationConfigurations
from callscribe.conversations.service import Conversations
from callscribe.db.engine import Database
from callscribe.durable.queues import WorkQueue


@pytest.fixture
def conversations(database: Database) -> Conversations:
    return Conversations(database, Callbacks(WorkQueue()))


class Configure:
    """Makes configurations."""

    def __init__(self, database: Database, account: str) -> None:
        self._service = ConversationConfigurations(database)
        self._account = account

    def __call__(self, grouping: str = "GROUP_BY_PARTICIPANT_ADDRESSES", **members: object) -> str:
        request = ConversationConfigurationRequest.model_validate(
            {"displayName": "Calls", "conversationGroupingType": grouping, **members}
        )
        answer = self._service.create(None, self._account, request, base_url="https://calls.example.com")
        return str(answer.document["related"]["configurationId"])


@pytest.fixture
def configure(database: Database, account: str) -> Configure:
    return Configure(database, account)
