"""`callscribe doctor`: whether everything is there and answers, and what to do where not."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table

import callscribe
from callscribe.cli.cells import cell, plain
from callscribe.cli.options import Data, load_settings
from callscribe.errors import CallscribeError, SetupError

if TYPE_CHECKING:
    from callscribe.settings import Settings

PROBE = "doctor-probe"


@dataclass(frozen=True, slots=True)
class Finding:
    """One line: what was looked at, whether it is well, what was seen or what to do."""

    subject: str
    well: bool
    text: str


def doctor(data: Data = None) -> None:
    """Check what is installed, what serves what, and whether database, blob store and model answer."""
    settings = load_settings(data)
    console = Console()
    with TemporaryDirectory() as instead:
        if not settings.data_dir.exists():  # which a mistyped --data must not make
            told = f"{settings.data_dir} is not there until the first start: this is tried in another folder."
            console.print(told, soft_wrap=True)
            settings = settings.model_copy(update={"data_dir": Path(instead)})
        table = Table(box=None, show_header=False)
        well = True
        for finding in _findings(settings):
            well &= finding.well
            mark = "[green]✓[/]" if finding.well else "[red]✗[/]"
            table.add_row(mark, finding.subject, cell(finding.text))
        console.print(table)
        try:
            for each in (_engines(settings), _languages(settings)):
                console.print(each)
        except SetupError:  # of CALLSCRIBE_MODEL, which is told above
            well = False
    if not well:
        sys.exit(1)


def _findings(settings: Settings) -> Iterator[Finding]:
    from importlib.metadata import version

    import av

    from callscribe.speech.diarization.diarizer import MODEL as SPEAKERS

    yield Finding("callscribe", True, f"{callscribe.__version__} on Python {sys.version.split()[0]}")
    yield Finding(
        "libraries",
        True,
        f"OpenVINO {version('openvino')}, CTranslate2 {version('ctranslate2')}, "
        f"PyAV {av.__version__} (FFmpeg {av.ffmpeg_version_info}), DBOS {version('dbos')}",
    )
    yield _checked("compute", _compute, "Check CALLSCRIBE_COMPUTE and CALLSCRIBE_DEVICE.", settings)
    yield Finding("data folder", True, str(settings.data_dir))
    checks: tuple[tuple[str, Callable[[Settings], str], str], ...] = (
        ("database", _database, "Check CALLSCRIBE_DATABASE_URL and that the server runs."),
        ("blob store", _blobs, "Check CALLSCRIBE_BLOBS_URL and the credentials for it."),
        ("secret key", _key, "Check CALLSCRIBE_SECRET_KEY or the file secret.key in the data folder."),
        ("model", _model, "Get it with `callscribe models pull`."),
        ("allow-lists", _allow, "Check CALLSCRIBE_MEDIA_ALLOW and CALLSCRIBE_CALLBACK_ALLOW."),
    )
    for subject, check, advice in checks:
        yield _checked(subject, check, advice, settings)
    if _diarization_asked(settings):
        yield _checked("speakers", _speakers, f"Get it with `callscribe models pull {SPEAKERS}`.", settings)


def _compute(settings: Settings) -> str:
    """What recognition computes with, and what else there is."""
    from callscribe.speech.engines import registry

    return "; ".join(filter(None, (engine.computes_with(settings) for engine in registry.declared())))


def _checked(subject: str, check: Callable[[Settings], str], advice: str, settings: Settings) -> Finding:
    try:
        return Finding(subject, True, check(settings))
    except CallscribeError as error:
        return Finding(subject, False, str(error))
    except Exception as error:  # noqa: BLE001  any fault is what the doctor is for
        return Finding(subject, False, f"{type(error).__name__}: {error}. {advice}".replace("\n", " "))


def _database(settings: Settings) -> str:
    import sqlalchemy as sa

    from callscribe.db.engine import Database
    from callscribe.durable.liveness import live_workers
    from callscribe.durable.tables import Worker

    with closing(Database(settings.database)) as database:
        shown = database.engine.url.render_as_string(hide_password=True)
        if not sa.inspect(database.engine).has_table(Worker.__tablename__):
            return f"{shown}: answers, empty until the first start"
        return f"{shown}: answers, {len(live_workers(database))} live worker(s)"


def _blobs(settings: Settings) -> str:
    from callscribe.media.blobs import BlobStore

    blobs = BlobStore(settings.blobs)
    blobs.put_bytes(PROBE, b"probe")
    blobs.get_bytes(PROBE)
    blobs.delete(PROBE)
    return f"{settings.blobs}: written, read and deleted"


def _key(settings: Settings) -> str:
    from callscribe.accounts.secrets import SHARED_KEY, TokenCipher

    path = settings.data_dir / "secret.key"
    shared = settings.is_shared and not path.exists()
    encrypted = _encrypted(settings)
    if settings.secret_key is None and not shared and not path.exists() and encrypted is None:
        return f"{path}: made at the first start"
    cipher = TokenCipher.from_settings(settings, encrypted)
    cipher.decrypt(encrypted or cipher.encrypt("probe"))
    if settings.secret_key:
        return "from CALLSCRIBE_SECRET_KEY"
    if shared:
        return f"the blob {SHARED_KEY}"
    return f"{path}, shared as the blob {SHARED_KEY}" if settings.is_shared else str(path)


def _encrypted(settings: Settings) -> str | None:
    """A token that the key must fit, where there is an account."""
    import sqlalchemy as sa

    from callscribe.accounts import repository
    from callscribe.accounts.tables import Account
    from callscribe.db.engine import Database

    with closing(Database(settings.database)) as database, database.read() as session:
        has_accounts = sa.inspect(database.engine).has_table(Account.__tablename__)
        return repository.first_token(session) if has_accounts else None


def _model(settings: Settings) -> str:
    """Have each model that serves listen to a second of speech, as for a job."""
    from callscribe.cancellation import NEVER
    from callscribe.speech.engines import registry
    from callscribe.speech.engines.registry import Engines
    from callscribe.speech.served_models import ServedModels
    from callscribe.speech.trial import words_heard

    registry.DEFAULT.check(settings)
    found = []
    with closing(Engines(settings)) as engines:
        for name in ServedModels.parse(settings.model).names:
            if not registry.DEFAULT.has(name, settings):
                raise SetupError(f"{name} is not on this machine. Get it with `callscribe models pull {name}`.")
            began = time.perf_counter()
            words_heard(engines.serving(registry.named(name)), name, NEVER)
            found.append(f"{name}: loaded and answered in {time.perf_counter() - began:.1f} s")
    return "; ".join(found)


def _diarization_asked(settings: Settings) -> bool:
    """Whether any configuration wants speakers told apart; not where the database does not answer."""
    import sqlalchemy as sa

    from callscribe.configurations.tables import Configuration
    from callscribe.db.engine import Database

    asked = Configuration.configuration["diarization"]["enabled"].as_boolean()
    try:
        with closing(Database(settings.database)) as database, database.read() as session:
            return session.scalar(sa.select(Configuration.id).where(asked).limit(1)) is not None
    except sa.exc.SQLAlchemyError:
        return False


def _speakers(settings: Settings) -> str:
    """Load both networks, checked."""
    from callscribe.speech.diarization.diarizer import MODEL as SPEAKERS
    from callscribe.speech.diarization.diarizer import Diarizer

    diarizer = Diarizer(settings)
    diarizer.check()
    began = time.perf_counter()
    diarizer.load()
    return f"{SPEAKERS}: loaded in {time.perf_counter() - began:.1f} s"


def _allow(settings: Settings) -> str:
    from callscribe.outbound import AllowList

    AllowList(settings.media_allow)
    AllowList(settings.callback_allow)
    media, callbacks = (", ".join(each) or "none" for each in (settings.media_allow, settings.callback_allow))
    return f"media: {media}; callbacks: {callbacks}"


def _engines(settings: Settings) -> Table:
    from callscribe.speech import routes

    table = Table("Engine", "Model", "Served by", "Languages", box=None, header_style="bold", title="Engines")
    for engine in routes.engine_names():
        for model in routes.engine_models(engine, settings):
            languages = sorted(model.languages)
            faults = routes.check(engine, model.name, languages[0], settings) if languages else []
            if faults or not languages:
                served = f"[red]{plain(faults[0].detail) if faults else 'nothing: the model is not here'}[/]"
            else:
                served_by = routes.resolve(engine, model.name, languages[0], settings)
                served = f"{served_by.engine} {served_by.model}"
            table.add_row(engine, model.name, served, f"{len(languages)}")
    return table


def _languages(settings: Settings) -> Table:
    """Which model serves which language, how good its authors found it, and how fast it was measured to be here."""
    from itertools import groupby

    from callscribe.cli.models import told_speed
    from callscribe.speech.catalogue import Catalogue
    from callscribe.speech.languages import LOCALES, MULTI, language_code
    from callscribe.speech.served_models import ServedModels
    from callscribe.speech.speeds import speeds

    served, measured = ServedModels.parse(settings.model), speeds(settings.models)
    errors = {entry.name: entry.word_errors for entry in Catalogue(settings.models).list()}
    columns = "Language", "Model", "Words wrong of 100, by its authors", "Speed, by `callscribe models measure`"
    table = Table(*columns, box=None, header_style="bold", title="Languages")
    for (code, model), locales in groupby((*LOCALES, MULTI), lambda each: (language_code(each), served.serving(each))):
        figures = [f"{each.percent:g} ({each.recordings})" for each in errors.get(model, ()) if each.language == code]
        table.add_row(", ".join(locales), cell(model), ", ".join(figures), cell(told_speed(measured.get(model))))
    return table
