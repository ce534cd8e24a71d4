"""What is deleted while it is being changed is not found; it is no fault of the server."""

import threading
from collections.abc import Callable

import pytest
import sqlalchemy as sa

from callscribe.accounts.keys import ApiKeys
from callscribe.accounts.tables import ApiKey
from callscribe.configurations.schemas import (
    RecordingAccountDefaultRequest,
    RecordingConfigurationRequest,
)
from callscribe.configurations.service import RecordingConfigurations
from callscribe.configurations.tables import AccountDefaultConfiguration, Configuration, DefaultConfiguration
from callscribe.db.engine import Database
from callscribe.errors import Code, RequestError

REQUEST = RecordingConfigurationRequest.model_validate({"configuration": {"configurationType": "Recording"}})
OWN = RecordingAccountDefaultRequest.model_validate({"configuration": {"configurationType": "Recording"}})


def meanwhile(database: Database, statement: sa.Executable, change: Callable[[], object]) -> Code | None:
    """The code of what `change` raises when the statement is committed while it is on its way."""
    found: list[BaseException | None] = []

    def attempt() -> None:
        try:
            change()
        except Exception as error:  # noqa: BLE001  looked at below
            found.append(error)
        else:
            found.append(None)

    thread = threading.Thread(target=attempt)
    with database.engine.begin() as connection:
        connection.execute(statement)
        thread.start()
        thread.join(timeout=0.5)  # by then it waits for this transaction, as it should
    thread.join()
    (error,) = found
    if error is None:
        return None
    assert isinstance(error, RequestError), error
    return error.code


@pytest.fixture
def service(database: Database) -> RecordingConfigurations:
    return RecordingConfigurations(database)


@pytest.mark.parametrize("way", ["update", "delete", "set_default"])
def test_a_configuration(database: Database, account: str, service: RecordingConfigurations, way: str) -> None:
    row = service.create(account, REQUEST)
    changes: dict[str, Callable[[], object]] = {
        "update": lambda: service.update(account, row.id, REQUEST),
        "delete": lambda: service.delete(account, row.id),
        "set_default": lambda: service.set_default(account, row.id),
    }
    gone = sa.delete(Configuration).where(Configuration.id == row.id)
    assert meanwhile(database, gone, changes[way]) is Code.NOT_FOUND


@pytest.mark.parametrize("way", ["update", "delete"])
def test_the_account_s_options(database: Database, account: str, service: RecordingConfigurations, way: str) -> None:
    service.create_account_default(account, OWN)
    changes: dict[str, Callable[[], object]] = {
        "update": lambda: service.update_account_default(account, OWN),
        "delete": lambda: service.delete_account_default(account),
    }
    gone = sa.delete(AccountDefaultConfiguration).where(AccountDefaultConfiguration.account_sid == account)
    assert meanwhile(database, gone, changes[way]) is Code.NOT_FOUND


@pytest.mark.parametrize("way", ["rename", "revoke"])
def test_an_api_key(database: Database, account: str, way: str) -> None:
    keys = ApiKeys(database)
    key, _ = keys.create(account, "warehouse")
    changes: dict[str, Callable[[], object]] = {
        "rename": lambda: keys.rename(account, key.sid, "shop"),
        "revoke": lambda: keys.revoke(account, key.sid),
    }
    assert meanwhile(database, sa.delete(ApiKey).where(ApiKey.sid == key.sid), changes[way]) is Code.NOT_FOUND


def test_later_of_two_defaults_holds(database: Database, account: str, service: RecordingConfigurations) -> None:
    first, second = service.create(account, REQUEST), service.create(account, REQUEST)
    chosen = sa.insert(DefaultConfiguration).values(
        account_sid=account, type=RecordingConfigurations.type, configuration_id=first.id
    )
    assert meanwhile(database, chosen, lambda: service.set_default(account, second.id)) is None
    assert service.default(account).id == second.id
