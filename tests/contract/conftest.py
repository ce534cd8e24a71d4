"""Three servers for all contract tests, each test with an account of its own.

`api` takes requests and has no worker, so its jobs stay PENDING. `serve` does the whole work. `strict` does
it with short limits, and may reach 127.0.0.2 for media but not 127.0.0.1.
"""

import wave
from collections.abc import Iterator
from importlib.resources import files
from io import BytesIO
from pathlib import Path

import pytest

from callers import Caller, Completed, Front
from callscribe.accounts.service import Credentials
from harness import ACCOUNT_SID, AUTH_TOKEN, Receiver, running
from media_server import MediaServer, body

SHARED_KEY = "webhooks_sharedkey_1:a-secret-that-receivers-know"
CALL = files("callscribe.demo").joinpath("call.wav").read_bytes()


def _front(folder: Path, **options: str) -> Iterator[Front]:
    with running(folder, **options) as server:
        front = Front(server)
        yield front
        front.close()
    # In all that was asked of it, nothing went wrong that nobody thought of.
    output = server.output()
    for sign in ("request.failed", "transcription.failed", "Exception in ASGI", "Exception encountered"):
        assert sign not in output, output


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "looks_back: on what all tests of this folder have seen; comes last")


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(session: pytest.Session, items: list[pytest.Item]) -> None:
    """What looks back on all tests of this folder comes last, and only where all of them run."""
    here = Path(__file__).parent
    options = session.config.option
    narrowed = options.keyword or options.markexpr or options.lf or any("::" in each for each in session.config.args)
    collected = {item.path for item in items}
    whole = not narrowed and all(path in collected for path in here.glob("test_*.py"))
    last = [item for item in items if item.get_closest_marker("looks_back")]
    for item in last:
        items.remove(item)
        items.append(item)
        if not whole:
            item.add_marker(pytest.mark.skip(reason="looks back on all contract tests, and not all were asked for"))


@pytest.fixture(scope="session")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Front]:
    # `base` knows every language, so that every configuration can be made.
    yield from _front(tmp_path_factory.mktemp("api") / "data", command="api", CALLSCRIBE_MODEL="base")


@pytest.fixture(scope="session")
def serve(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Front]:
    # The bundled call is one chunk; twice the call is several.
    yield from _front(tmp_path_factory.mktemp("serve") / "data", CALLSCRIBE_CHUNK_SECONDS="55")


@pytest.fixture(scope="session")
def strict(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Front]:
    yield from _front(
        tmp_path_factory.mktemp("strict") / "data",
        CALLSCRIBE_MEDIA_ALLOW="127.0.0.2",
        CALLSCRIBE_MEDIA_MAX_BYTES="1000000",
        CALLSCRIBE_MEDIA_STALL_TIMEOUT="1",
        CALLSCRIBE_MEDIA_ATTEMPTS="2",
        CALLSCRIBE_CALLBACK_ATTEMPTS="2",
        CALLSCRIBE_CALLBACK_TIMEOUT="1",
        CALLSCRIBE_PUBLIC_URL="https://calls.example.com/base",
        CALLSCRIBE_CALLBACK_SHARED_KEY=SHARED_KEY,
        CALLSCRIBE_CORS_ORIGINS="https://app.example.com",
    )


@pytest.fixture
def caller(api: Front) -> Caller:
    return api.caller()


@pytest.fixture
def first_caller(api: Front) -> Caller:
    """The account that the server was started with."""
    return api.caller(Credentials(ACCOUNT_SID, AUTH_TOKEN))


@pytest.fixture(scope="session")
def call() -> bytes:
    """The bundled call."""
    return CALL


@pytest.fixture(scope="session")
def shared_key() -> str:
    """What `strict` signs callbacks with."""
    return SHARED_KEY


@pytest.fixture(scope="session")
def media() -> Iterator[MediaServer]:
    """Media for `serve`: the bundled call, twice the call, and five minutes of it."""
    with MediaServer().running() as server:
        server.paths["/call.wav"] = body(CALL)
        server.paths["/twice.wav"] = body(_repeated(CALL, 2))
        server.paths["/long.wav"] = body(_repeated(CALL, 5))
        yield server


@pytest.fixture(scope="session")
def strict_media() -> Iterator[MediaServer]:
    """Media for `strict`, at the one private address that it may reach."""
    with MediaServer("127.0.0.2").running() as server:
        yield server


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver().listening() as listening:
        yield listening


@pytest.fixture(scope="session")
def completed(serve: Front, media: MediaServer) -> Iterator[Completed]:
    caller = serve.caller()
    with Receiver().listening() as receiver:
        # As Twilio's documentation writes it, with what it leaves null.
        configuration_id = caller.configure(
            conversationConfigurationId=None,
            transcriptionStatusCallback={
                "url": f"{receiver.url}/done?campaign=spring%20sale&flag",
                "method": "POST",
                "events": None,
            },
        )
        transcription_id = caller.submit(
            configuration_id,
            media.url("/call.wav"),
            audioStartedAt="2026-03-02T10:30:00+01:00",
            participants=[{"audioChannelIndex": 1, "address": "+15550100", "name": "Emma Carter"}],
        )
        resource = caller.ended(transcription_id)
        receiver.wait()
        yield Completed(caller, transcription_id, configuration_id, resource, receiver)


def _repeated(recording: bytes, times: int) -> bytes:
    with wave.open(BytesIO(recording)) as source:
        parameters, frames = source.getparams(), source.readframes(source.getnframes())
    result = BytesIO()
    with wave.open(result, "wb") as target:
        target.setparams(parameters)
        target.writeframes(frames * times)
    return result.getvalue()
