"""The application as a whole: what is served is documented, and needs credentials."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi import FastAPI
from fastapi.routing import APIRoute

from callscribe.accounts.authentication import AuthenticatedRoute
from callscribe.accounts.endpoints import router as accounts
from callscribe.configurations.endpoints import router as configurations
from callscribe.db.engine import Database
from callscribe.server.app import create_app
from callscribe.server.health import router as health
from callscribe.settings import Settings
from callscribe.transcriptions.endpoints import router as transcriptions


@pytest.fixture
def app(tmp_path: Path) -> Iterator[FastAPI]:
    settings = Settings(data_dir=tmp_path)
    database = Database(settings.database)
    yield create_app(settings, database)
    database.close()


def test_every_route_is_documented(app: FastAPI) -> None:
    paths = app.openapi()["paths"]
    for router in (transcriptions, configurations, accounts, health):
        for route in router.routes:
            assert isinstance(route, APIRoute)
            assert {method.lower() for method in route.methods} <= paths[route.path].keys()


def test_every_route_authenticates() -> None:
    for router in (transcriptions, configurations, accounts):
        for route in router.routes:
            assert isinstance(route, AuthenticatedRoute), route
