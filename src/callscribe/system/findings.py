"""Whether everything is there and answers, and what to do where not: what `doctor` says, and `/v3/System`."""

import os
import shutil
import socket
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from importlib.metadata import version
from typing import Final

import sqlalchemy as sa

import callscribe
from callscribe import demo
from callscribe.accounts import repository
from callscribe.accounts.secrets import SHARED_KEY, TokenCipher
from callscribe.accounts.tables import Account
from callscribe.cancellation import NEVER
from callscribe.configurations.tables import Configuration
from callscribe.db.engine import Database
from callscribe.db.url_credentials import masked
from callscribe.durable import provider_refusals
from callscribe.durable.liveness import live_workers
from callscribe.durable.tables import ProviderRefusal, Worker
from callscribe.errors import CallscribeError, SetupError
from callscribe.media.blobs import BlobStore
from callscribe.media.decoding import UNBOXED, Decoder
from callscribe.migrations import schema
from callscribe.monitoring.readiness import full_disks
from callscribe.outbound import AllowList
from callscribe.preparation import check_engines
from callscribe.settings import Settings
from callscribe.speech.engines import registry
from callscribe.speech.engines.registry import Engines
from callscribe.speech.served_models import ServedModels
from callscribe.speech.trial import words_heard
from callscribe.vault.opening import account_keys

PROBE: Final = "doctor-probe"
_ACCOUNTS_OPENED: Final = 20
"""Whose keys are tried: with a KMS each is a request."""

Check = tuple[str, Callable[[Settings], str], str]
"""What is looked at, how, and what to do where that ends with a fault that does not say so itself."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One line: what was looked at, whether it is well, what was seen or what to do."""

    subject: str
    well: bool
    text: str


def findings(settings: Settings, *, trying: bool) -> Iterator[Finding]:
    """All of them, in an order in which one explains the next.

    `trying` also loads what computes here, and has it recognise: for a process that may be as large as a worker.
    """
    yield Finding("callscribe", True, f"{callscribe.__version__} on Python {sys.version.split()[0]}")
    if trying:
        yield Finding("libraries", True, _libraries())
        yield checked("compute", _compute, "Check CALLSCRIBE_COMPUTE and CALLSCRIBE_DEVICE.", settings)
    yield Finding("data folder", True, str(settings.data_dir))
    checks: tuple[Check, ...] = (
        ("database", _database, "Check CALLSCRIBE_DATABASE_URL and that the server runs."),
        ("schema", _schema, "Check CALLSCRIBE_DATABASE_URL."),
        ("blob store", _blobs, "Check CALLSCRIBE_BLOBS_URL and the credentials for it."),
        ("disk", _disk, "Check CALLSCRIBE_DATA_DIR and CALLSCRIBE_BLOBS_URL."),
        ("secret key", _key, "Check CALLSCRIBE_SECRET_KEY or the file secret.key in the data folder."),
        ("encryption", _encryption, "Check CALLSCRIBE_MASTER_KEY, CALLSCRIBE_KMS_URL and CALLSCRIBE_KEYS_URL."),
        ("decoder", _decoder, "Install callscribe again, with all that it needs."),
        ("box", _box, "Install callscribe again, with all that it needs."),
        ("engines", _engines, "Check the settings of engines, see docs/engines.md."),
        ("model", _model_tried if trying else _model_here, "Get it with `callscribe models pull`."),
        ("providers", _providers, "Check the keys of providers, see docs/engines.md."),
        ("allow-lists", _allow, "Check CALLSCRIBE_MEDIA_ALLOW and CALLSCRIBE_CALLBACK_ALLOW."),
    )
    for subject, check, advice in checks:
        yield checked(subject, check, advice, settings)
    if trying and _diarization_asked(settings):
        yield checked("speakers", _speakers, "Get it with `callscribe models pull speakers`.", settings)


def checked(subject: str, check: Callable[[Settings], str], advice: str, settings: Settings) -> Finding:
    """What a check found; where it fails without saying what to do, `advice` does."""
    try:
        return Finding(subject, True, check(settings))
    except CallscribeError as error:
        return Finding(subject, False, str(error))
    except Exception as error:  # noqa: BLE001  any fault is what is looked for
        return Finding(subject, False, f"{type(error).__name__}: {error}. {advice}".replace("\n", " "))


def _libraries() -> str:
    import av  # noqa: PLC0415  which decodes what nobody vouches for: only a process of its own, or doctor, loads it

    return (
        f"OpenVINO {version('openvino')}, CTranslate2 {version('ctranslate2')}, "
        f"PyAV {av.__version__} (FFmpeg {av.ffmpeg_version_info}), DBOS {version('dbos')}"
    )


def _compute(settings: Settings) -> str:
    """What recognition computes with, and what else there is."""
    return "; ".join(filter(None, (engine.computes_with(settings) for engine in registry.declared())))


def _database(settings: Settings) -> str:
    with closing(Database(settings.database)) as database:
        shown = database.engine.url.render_as_string(hide_password=True)
        if not sa.inspect(database.engine).has_table(Worker.__tablename__):
            return f"{shown}: answers, empty until the first start"
        return f"{shown}: answers, {len(live_workers(database))} live worker(s)"


def _schema(settings: Settings) -> str:
    with closing(Database(settings.database)) as database:
        if schema.state(database).revision is None:
            return "made at the first start"
        found = schema.check(database)
        return f"revision {found.revision}: {found.fit.value}"


def _blobs(settings: Settings) -> str:
    blobs = BlobStore(settings.blobs)
    probe = f"{PROBE}-{socket.gethostname()}-{os.getpid()}"  # another process may look at the same time
    blobs.put_bytes(probe, b"probe")
    blobs.get_bytes(probe)
    blobs.delete(probe)
    return f"{masked(settings.blobs)}: written, read and deleted"


def _disk(settings: Settings) -> str:
    with closing(Database(settings.database)) as database:
        full = list(full_disks(database, BlobStore(settings.blobs, keep_free=settings.disk_keep_free)))
    if full:
        raise SetupError("; ".join(full))
    free = shutil.disk_usage(settings.data_dir).free
    return f"{free / 1e9:,.1f} GB free at {settings.data_dir}"


def _key(settings: Settings) -> str:
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


def _encryption(settings: Settings) -> str:
    """Open keys of some accounts, and write to where they lie."""
    keys = account_keys(settings)
    if keys is None:
        return "off: whoever reads the disk, or a backup, reads the calls"
    keys.check()
    accounts = keys.accounts()
    opened = sum(len(keys.every(account_sid)) for account_sid in accounts[:_ACCOUNTS_OPENED])
    state = "on" if keys.seals else "off for what is new, and what is encrypted can be read"
    return f"{state}; keys of {len(accounts)} account(s) at {masked(settings.keys)}, {opened} of them opened"


def _encrypted(settings: Settings) -> str | None:
    """A token that the key must fit, where there is an account."""
    with closing(Database(settings.database)) as database, database.read() as session:
        has_accounts = sa.inspect(database.engine).has_table(Account.__tablename__)
        return repository.first_token(session) if has_accounts else None


def _decoder(settings: Settings) -> str:
    """Have the bundled call opened by the process that opens what nobody vouches for."""
    with closing(Decoder.from_settings(settings)) as decoder:
        info = decoder.inspect(demo.RECORDING)
    return f"opened the bundled call: {info.codec}, {info.channels} channels, {info.duration:.0f} s"


def _box(settings: Settings) -> str:
    """How far that process is confined, by a trial."""
    with closing(Decoder.from_settings(settings)) as decoder:
        found = decoder.box()
    if found.complete:
        return f"what opens recordings is confined: {found}"
    return f"what opens recordings is not confined as it could be: there is no {found.missing} here. {UNBOXED}"


def _model_here(settings: Settings) -> str:
    """The models that serve, where each of them can be used at once."""
    registry.DEFAULT.check(settings)
    names = ServedModels.parse(settings.model).names
    for name in names:
        if not registry.DEFAULT.has(name, settings):
            raise SetupError(f"{name} is not on this machine. Get it with `callscribe models pull {name}`.")
    return f"{', '.join(names)}: here"


def _engines(settings: Settings) -> str:
    """Those that there are, where all that is set of them can be followed: else no start is."""
    check_engines(settings)
    return ", ".join(each.name for each in registry.declared() if each.models(settings))


def _providers(settings: Settings) -> str:
    """Who may be sent recordings, and whether each took its key the last time that it was asked."""
    keyed = [each for each in registry.declared() if each.runs == "provider" and each.models(settings)]
    if not keyed:
        return "no key is set: recordings are sent to nobody"
    with closing(Database(settings.database)) as database, database.read() as session:
        known = sa.inspect(database.engine).has_table(ProviderRefusal.__tablename__)
        refused = provider_refusals.refusals(session) if known else {}
    told = [f"{engine} does not take its key: {detail}" for engine, (detail, _) in refused.items()]
    if told:
        raise SetupError("; ".join(told))
    return "; ".join(f"recordings that ask for {each.name} go to {each.sends_to(settings)}" for each in keyed)


def _model_tried(settings: Settings) -> str:
    """Have each model that serves listen to a second of speech, as for a job."""
    _model_here(settings)
    found = []
    with closing(Engines(settings)) as engines:
        for name in ServedModels.parse(settings.model).names:
            began = time.perf_counter()
            words_heard(engines.serving(registry.named(name)), name, NEVER)
            found.append(f"{name}: loaded and answered in {time.perf_counter() - began:.1f} s")
    return "; ".join(found)


def _diarization_asked(settings: Settings) -> bool:
    """Whether any configuration wants speakers told apart; not where the database does not answer."""
    asked = Configuration.configuration["diarization"]["enabled"].as_boolean()
    try:
        with closing(Database(settings.database)) as database, database.read() as session:
            return session.scalar(sa.select(Configuration.id).where(asked).limit(1)) is not None
    except sa.exc.SQLAlchemyError:
        return False


def _speakers(settings: Settings) -> str:
    """Load both networks, checked."""
    from callscribe.speech.diarization.diarizer import MODEL, Diarizer  # noqa: PLC0415  loads what computes

    diarizer = Diarizer(settings)
    diarizer.check()
    began = time.perf_counter()
    diarizer.load()
    return f"{MODEL}: loaded in {time.perf_counter() - began:.1f} s"


def _allow(settings: Settings) -> str:
    AllowList(settings.media_allow)
    AllowList(settings.callback_allow)
    media, callbacks = (", ".join(each) or "none" for each in (settings.media_allow, settings.callback_allow))
    return f"media: {media}; callbacks: {callbacks}"
