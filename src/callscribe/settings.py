"""Settings, read once from `CALLSCRIBE_*` environment variables.

This is the only place that names them; `docs/configuration.md` is written from it.
"""

import re
from collections.abc import Mapping
from ipaddress import ip_network
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit

from platformdirs import user_data_path
from pydantic import Field, HttpUrl, NonNegativeFloat, SecretStr, ValidationInfo, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

MIB = 1024**2
GIB = 1024**3

_DATABASE = re.compile(r"(sqlite(\+pysqlite)?|postgres(ql)?(\+psycopg)?)://")


def _split(value: object) -> object:
    """Lists are written with commas: `a.example,10.0.0.0/8`; an empty one may be written `none`."""
    if not isinstance(value, str):
        return value
    return () if value.strip().lower() == "none" else tuple(filter(None, map(str.strip, value.split(","))))


def _unset(value: object) -> object:
    """What is empty is not set: `${NAME:-}` in a Compose file, say."""
    return None if isinstance(value, str) and not value.strip() else value


def _database(value: str | None) -> str | None:
    """A database that there is a driver for."""
    if value is not None and not _DATABASE.match(value):
        raise ValueError("a SQLAlchemy URL of SQLite (sqlite:///…) or PostgreSQL (postgresql://…) is needed")
    return value


def _named_key(value: SecretStr | None) -> SecretStr | None:
    """A name and a secret, neither of them empty, and a name that a header's list can hold."""
    if value is not None:
        name, _, secret = value.get_secret_value().partition(":")
        if not name or not secret or "," in name:
            raise ValueError("the form is name:secret, without a comma in the name")
    return value


def _addresses(value: tuple[str, ...]) -> tuple[str, ...]:
    """Addresses or networks, each of them."""
    for each in value:
        try:
            ip_network(each, strict=False)
        except ValueError as error:
            raise ValueError(f"{each} is neither an address nor a network such as 10.0.0.0/8") from error
    return value


def _none(value: object) -> object:
    """No limit is written `none`."""
    return None if isinstance(value, str) and value.strip().lower() == "none" else value


def _no_own_bucket(value: tuple[str, ...], info: ValidationInfo) -> tuple[str, ...]:
    """The bucket of the blob store has the media of all accounts."""
    url = urlsplit(info.data.get("blobs_url") or "")
    own = {url.netloc} if url.scheme in {"s3", "s3a"} else set()
    if url.scheme == "https":  # https://bucket.s3.REGION.amazonaws.com, https://s3.REGION.amazonaws.com/bucket
        own = {url.netloc.partition(".s3")[0], url.path.strip("/").partition("/")[0]}
    for bucket in own:
        if f"s3://{bucket}" in value:
            raise ValueError(f"s3://{bucket} is the bucket of CALLSCRIBE_BLOBS_URL, with everybody's recordings")
    return value


class Settings(BaseSettings):
    """Everything an operator can set. Each field is the variable `CALLSCRIBE_` + its name in capitals."""

    model_config = SettingsConfigDict(env_prefix="CALLSCRIBE_", frozen=True, extra="ignore", hide_input_in_errors=True)

    # Where things are kept.
    data_dir: Path = Field(
        default_factory=lambda: user_data_path("callscribe", appauthor=False),
        description="Folder for the database, media, transcripts, models and the secret key.",
    )
    database_url: str | None = Field(None, description="SQLAlchemy URL. Without it, SQLite in the data folder.")
    database_pool: int = Field(
        32,
        ge=8,
        le=1024,
        description="Most connections to the database that one process opens, but for one or two that a worker has "
        "beside them. All processes together must stay below PostgreSQL's `max_connections`.",
    )
    blobs_url: str | None = Field(
        None,
        description="Where media and transcripts are kept: `file:///…`, `s3://bucket/prefix`, `gs://…`, `az://…`. "
        "Without it, the folder `blobs` in the data folder.",
    )
    disk_keep_free: int | None = Field(
        None,
        ge=0,
        description="Bytes of the disk with the folder of blobs that recordings which come in leave free: uploads are "
        "answered 503, downloads wait, and `/readyz` tells. Without it, a twentieth of the disk, 512 MiB at most.",
    )
    models_dir: Path | None = Field(
        None, description="Folder for model weights. Without it, the folder `models` in the data folder."
    )

    # Who may use it.
    account_sid: str | None = Field(
        None,
        pattern=r"^AC[0-9a-f]{32}$",
        description="SID of the first account, together with `CALLSCRIBE_AUTH_TOKEN`. "
        "Without both, one is made at the first start and printed once.",
    )
    auth_token: SecretStr | None = Field(None, min_length=16, description="Auth token of that account.")
    secret_key: SecretStr | None = Field(
        None,
        description="Key that auth tokens are encrypted with (44 characters of URL-safe base64). "
        "Without it, the file `secret.key` in the data folder, or, with both `CALLSCRIBE_DATABASE_URL` and "
        "`CALLSCRIBE_BLOBS_URL`, the blob `secret.key`; made at the first start.",
    )
    encryption: Literal["none", "account"] = Field(
        "none",
        description="`account` seals what was said and who said it, in blobs and rows, with a key for each account, "
        "see [encryption](encryption.md). What is there already stays as it is until `callscribe keys reseal`.",
    )
    master_key: SecretStr | None = Field(
        None,
        description="The key that the accounts' keys are sealed with: 32 bytes in base64, as `callscribe keys "
        "new-master` prints one. Several, separated by commas: the first seals, all open.",
    )
    master_key_file: Path | None = Field(
        None, description="A file with it instead, or with several, a line each. It does not belong in the data folder."
    )
    kms_url: HttpUrl | None = Field(
        None,
        description="A key in the transit engine of HashiCorp Vault or OpenBao that does so instead: "
        "`https://vault.example:8200/v1/transit/keys/callscribe`.",
    )
    kms_token: SecretStr | None = Field(None, description="Token that may use that key.")
    kms_token_file: Path | None = Field(
        None, description="A file with the token instead, read anew for each request: an agent may renew it."
    )
    kms_ca: Path | None = Field(
        None, description="File with the certificates (PEM) by which that service is known, if not the system's."
    )
    keys_url: str | None = Field(
        None,
        description="Where the accounts' sealed keys are kept, apart from the blobs and from their backups: "
        "`file:///…`, `s3://bucket/prefix`, `gs://…`, `az://…`. Without it, the folder `keys` in the data folder.",
    )

    failed_attempts: str | None = Field(
        "10/minute",
        description="Most wrong tokens or secrets for one SID from one address that one server process listens to; "
        "then 429 with `Retry-After`. Ten times as many for all SIDs from one address. `none` is no limit. See "
        "[security](security.md#failed-attempts).",
    )
    audit_days: float | None = Field(
        365.0, ge=0, description="Days for which a line of the audit log is kept. `none` is for ever."
    )

    # How it is reached.
    public_url: HttpUrl | None = Field(
        None,
        description="Address that clients reach the server by, for the links in answers and callbacks. "
        "Without it, the address of the request; a callback takes that of the request that made the job.",
    )
    tls_certificate: Path | None = Field(
        None,
        description="File with the server's certificate and those that it is signed by (PEM). With it the server "
        "speaks https, with TLS 1.2 or later. Read again when it changes.",
    )
    tls_key: Path | None = Field(None, description="File with the key of that certificate (PEM), without a passphrase.")
    plain_http: Literal["allow"] | None = Field(
        None,
        description="`allow` lets the server speak plain HTTP on an address that is not loopback: where a proxy in "
        "front does TLS, and nobody else reaches the port.",
    )
    trusted_proxies: Annotated[tuple[str, ...], NoDecode] = Field(
        ("127.0.0.1", "::1"),
        description="Addresses and networks (`10.0.0.0/8`) of proxies that are believed when they say whom they ask "
        "for (`X-Forwarded-For`, `X-Forwarded-Proto`): for links, cookies, the audit log and the limit on failed "
        "attempts. Separated by commas; `none` for nobody.",
    )
    cors_origins: Annotated[tuple[str, ...], NoDecode] = Field(
        (),
        description="Origins of web pages that may ask this server (`https://app.example.com`), or `*`. Separated by "
        "commas.",
    )
    max_body_bytes: int = Field(
        1 * MIB, ge=1024, description="Largest request body that is read, in bytes; above it 413."
    )

    receive_timeout: float = Field(
        20.0,
        gt=0,
        description="Seconds in which the head of a request must have come, and then its body; else the connection "
        "ends. An upload has `CALLSCRIBE_MEDIA_TIMEOUT` and `CALLSCRIBE_MEDIA_STALL_TIMEOUT`.",
    )
    max_connections: int = Field(
        10_000,
        ge=8,
        description="Most connections to one server process, fewer where the system lets it open fewer files. For one "
        "more, that which has waited the longest without a request is closed.",
    )
    request_patience: float = Field(
        8.0,
        ge=1,
        description="Seconds that a request waits for the database and the blob store, or for a place at one of them; "
        "then 503 with `Retry-After`.",
    )

    # What one account may use. `callscribe accounts limits` gives an account limits of its own.
    rate_limit: str | None = Field(
        "1000/second",
        description="Most requests of one account that one server process takes, such as `100/second` or "
        "`5000/minute`; above it 429 with `Retry-After`. `none` is no limit.",
    )
    account_streams: int = Field(
        1000, ge=1, description="Most streams of events of one account that one server process has open; above it 429."
    )
    account_jobs_waiting: int | None = Field(
        100_000,
        ge=0,
        description="Most transcriptions of one account that are accepted and have not ended; above it 429. `none` is "
        "no limit.",
    )
    engine_audio_hours: str | None = Field(
        None,
        description="Most hours of audio that are sent for each account to a provider in 24 hours: "
        "`deepgram=10,google=2.5`. What is more waits, or goes to what stands behind (`CALLSCRIBE_ROUTES`).",
    )
    account_stored_bytes: int | None = Field(
        1024 * GIB,
        ge=0,
        description="Most bytes of recordings and transcripts that one account stores; above it 429. `none` is no "
        "limit.",
    )
    account_audio_hours: float | None = Field(
        10_000.0,
        ge=0,
        description="Most hours of audio of one account that are transcribed in 24 hours; above it 429, and what is "
        "accepted waits. `none` is no limit.",
    )

    # What it may reach.
    media_allow: Annotated[tuple[str, ...], NoDecode] = Field(
        (),
        description="Hosts (`media.example`, `*.example`), networks (`10.0.0.0/8`) and buckets (`s3://bucket`) that "
        "media may come from although they are private or plain http. Separated by commas.",
    )
    callback_allow: Annotated[tuple[str, ...], NoDecode] = Field(
        (), description="The same for callbacks. Separated by commas."
    )

    # Media.
    media_max_bytes: int = Field(3 * GIB, ge=1, description="Largest recording, in bytes; above it 17560.")
    media_timeout: float = Field(3600.0, gt=0, description="Longest time that one download may take, in seconds.")
    media_stall_timeout: float = Field(
        30.0,
        gt=0,
        description="Seconds in which a download must bring at least 64 KiB (or its end), else it counts as timed out.",
    )
    media_attempts: int = Field(4, ge=1, le=20, description="Attempts to download before a job fails with 17551.")
    media_retry_interval: float = Field(
        2.0, ge=0, description="Seconds before the second attempt; doubled for each further one."
    )
    media_retry_after: float = Field(
        600.0,
        ge=0,
        description="Most seconds in all that a job waits because a host answers 429 or 503 with `Retry-After`, "
        "in as many attempts as that takes.",
    )
    media_not_found_waits: Annotated[tuple[NonNegativeFloat, ...], NoDecode] = Field(
        (5.0, 20.0),
        max_length=10,
        description="Seconds to wait for each further attempt where a host answers 404, separated by commas: "
        "recordings appear late. Then the job fails with 17552; `none` is at once.",
    )
    media_formats: Literal["standard", "extended"] = Field(
        "extended",
        description="`standard` takes WAV (PCM), MP3 and FLAC as Twilio does; `extended` also what telephony and "
        "telephones write, see [formats](api.md#formats).",
    )
    require_box: bool = Field(
        False,
        description="Whether to refuse to start where the kernel cannot confine what opens recordings, see "
        "[files](security.md#files). Without it, limits have to do there, and `callscribe doctor` says so.",
    )

    # Recordings of a Twilio account.
    twilio_account_sid: str | None = Field(
        None,
        pattern=r"^AC[0-9a-f]{32}$",
        description="SID of a Twilio account. A `sourceId` that is not on this server is looked up there.",
    )
    twilio_auth_token: SecretStr | None = Field(
        None,
        min_length=1,
        description="Auth token of that account. `POST /webhooks/recording-status` needs it: Twilio signs with it.",
    )
    twilio_api_key: str | None = Field(
        None,
        pattern=r"^SK[0-9a-f]{32}$",
        description="API key of that account, used instead of its auth token to ask for recordings.",
    )
    twilio_api_secret: SecretStr | None = Field(None, min_length=1, description="Secret of that API key.")
    twilio_base_url: HttpUrl = Field(
        HttpUrl("https://api.twilio.com"),
        description="Where Twilio's API is. Its host may be reached although it is private, or plain http.",
    )
    twilio_for: str | None = Field(
        None,
        pattern=r"^AC[0-9a-f]{32}$",
        description="SID of the account here that those recordings belong to. Without it, the oldest account.",
    )
    source_list_limit: int = Field(
        1000,
        ge=1,
        description="Most transcriptions of one `sourceId` that can be listed by it; above it 17535.",
    )

    # Recognition.
    model: str = Field(
        "base",
        description="Model that serves what names no model of this machine's engines. Behind it others for single "
        "locales, or languages, separated by commas: `base,sv-SE=kb-whisper-base,no=nb-whisper-base`. See "
        "[models by language](models.md#models-by-language).",
    )
    device: Literal["auto", "cpu", "cuda"] = Field("auto", description="Where models run.")
    compute: Literal["auto", "int8", "bf16", "float32", "ctranslate2"] = Field(
        "auto",
        description="How Whisper is computed on a processor: `int8` (on OpenVINO, for processors with AMX, AVX-512 or "
        "AVX-VNNI), `bf16` (bfloat16 on OpenVINO, for AMX or AVX-512 BF16), `float32` (on OpenVINO), `ctranslate2` "
        "(int8 on CTranslate2), or `auto`, the quickest that there is. `callscribe doctor` shows what a processor can "
        "do.",
    )
    threads: int = Field(0, ge=0, description="Threads of a model on the CPU; 0 takes every core.")
    beam_size: int = Field(5, ge=1, le=20, description="Hypotheses that are followed while decoding.")
    routes: str | None = Field(
        None,
        description="Who serves what asks for one of Twilio's engines: `local` (the engine of this machine), "
        "`provider` (where its key is set), `provider,local` (local when the provider is out), or `none` (refused), "
        "for all of them or each: `deepgram=provider,local;google=local`. Without it the provider where its key is "
        "set, else local. See [engines](engines.md#routes).",
    )
    provider_wait: NonNegativeFloat = Field(
        24 * 3600,
        description="Most seconds for which a job waits for a provider that is out where nothing else may serve it; "
        "then it fails with 17566.",
    )
    provider_wait_with_local: NonNegativeFloat = Field(
        60, description="The same where the local engine serves behind it; then that does, and the job says so."
    )
    provider_retry_interval: NonNegativeFloat = Field(
        5,
        description="Seconds before a provider that is out is asked again; doubled each time, up to 15 minutes.",
    )
    provider_timeout: float = Field(
        1800, gt=0, description="Seconds that one request to a provider of speech recognition may take as a whole."
    )
    deepgram_api_key: SecretStr | None = Field(
        None, description="Key of Deepgram. With it, recordings that ask for `deepgram` are sent there."
    )
    deepgram_base_url: HttpUrl = Field(
        HttpUrl("https://api.deepgram.com"),
        description="Where Deepgram's API is: an installation of one's own, for instance. Its host may be private, or "
        "plain http.",
    )
    deepgram_model_improvement: Literal["allow"] | None = Field(
        None,
        description="`allow` lets Deepgram keep recordings and transcripts, and train on them (its Model Improvement "
        "Program, which its prices may depend on). Without it each request opts out.",
    )
    openai_api_key: SecretStr | None = Field(
        None, description="Key of a server with OpenAI's `/v1/audio/transcriptions`; any word where it asks for none."
    )
    openai_base_url: HttpUrl = Field(
        HttpUrl("https://api.openai.com/v1"),
        description="Where that server is; `/v1` is added to a host alone. Its host may be private, or plain http.",
    )
    openai_models: Annotated[tuple[str, ...], NoDecode] = Field(
        ("whisper-1",), min_length=1, description="Models of that server that may be asked for, separated by commas."
    )
    google_credentials: Path | None = Field(
        None, description="File with the key of a service account of Google Cloud, for Speech-to-Text."
    )
    google_location: str = Field("us-central1", description="Region in which Google recognises.")
    google_bucket: str | None = Field(
        None,
        description="Bucket of Cloud Storage in which recordings of more than a minute lie while Google recognises "
        "them. Without it they are sent in pieces. See [engines](engines.md#google).",
    )
    google_base_url: HttpUrl | None = Field(
        None,
        description="Where Google's Speech-to-Text is. Without it, at the location's own address. Its host may be "
        "private, or plain http.",
    )
    google_storage_url: HttpUrl = Field(
        HttpUrl("https://storage.googleapis.com"), description="Where Google's Cloud Storage is, likewise."
    )
    prices: str | None = Field(
        None,
        description="What engines cost, for each channel of a recording: `deepgram/nova-3=0.0043/min`, several "
        "separated by commas; units are `s`, `min` and `h`, and a currency may be said (`0.0043 USD/min`). "
        "`callscribe evaluate` tells what that comes to. Without it nothing has a price.",
    )
    worker_queues: Annotated[
        tuple[Literal["fetch", "recognition", "chunks", "callbacks", "reading", "erasures"], ...], NoDecode
    ] = Field(
        ("fetch", "recognition", "chunks", "callbacks", "reading", "erasures"),
        min_length=1,
        description="What a worker is there for, separated by commas: `fetch` (recordings; network), `recognition` "
        "(calls) and `chunks` (of long calls; processor or GPU), `callbacks`, `reading` (through to Twilio), "
        "`erasures`. Together the workers need all of them.",
    )
    worker_models: Annotated[tuple[str, ...], NoDecode] = Field(
        (),
        description="Models that a worker recognises with, separated by commas; it gets those that are not here when "
        "it starts. `all` is the whole catalogue, each got when first asked for, and what the worker of "
        "`callscribe serve` has. Without it, those whose files are here, and those of `CALLSCRIBE_MODEL`. Where it "
        "has that setting's model for all languages, it gets those for single ones as well when it starts. A model of "
        "another engine is `ENGINE/MODEL`.",
    )
    worker_concurrency: int = Field(
        4, ge=1, le=256, description="Calls that one worker has in hand at once, of each model."
    )
    worker_fetches: int = Field(8, ge=1, le=256, description="Recordings that one worker fetches at once.")
    job_worker_deaths: int = Field(
        10,
        ge=1,
        le=100,
        description="Workers that may die with a job in hand before it is given up with 17561. A worker that is told "
        "to end does not count.",
    )
    account_concurrency: int = Field(
        16,
        ge=1,
        description="Calls of one account that are fetched, and that are recognised with each model, at once on all "
        "workers, and likewise chunks of its long calls. Each of these counts by itself.",
    )
    chunk_seconds: float = Field(
        600.0, ge=10, description="Length of the chunks that longer recordings are cut into, about, in seconds."
    )
    worker_chunks: int = Field(
        1, ge=1, le=64, description="Chunks of long calls that one worker has in hand at once, beside its jobs."
    )

    # The spool.
    spool_max_bytes: int | None = Field(
        None,
        ge=0,
        description="Most bytes of copies of recordings in the spool, of all processes that share the data folder; "
        "what needs more waits. Without it, half of the disk that the spool is on.",
    )
    spool_keep_free: int = Field(
        512 * MIB, ge=0, description="Bytes of the spool's disk that are left free; what needs them waits."
    )

    # Callbacks.
    callback_attempts: int = Field(
        4, ge=1, le=20, description="Attempts to deliver a callback, where the failure permits another."
    )
    callback_retry_interval: float = Field(
        5.0, ge=0, description="Seconds before the second attempt; tripled for each further one."
    )
    callback_connect_timeout: float = Field(10.0, gt=0, description="Seconds to connect.")
    callback_timeout: float = Field(15.0, gt=0, description="Seconds that one attempt may take as a whole.")
    callback_max_bytes: int = Field(
        1_000_000,
        ge=32_768,  # what there may be beside sentences
        le=1_000_000,
        description="Largest body of a transcription's callback, in bytes, for receivers that take less than 1 MB; "
        "what is larger is sent without words, then without sentences (17564).",
    )

    callback_shared_key: SecretStr | None = Field(
        None,
        description="`name:secret`: sign callbacks with HMAC-SHA256 and this key instead of the account's auth token.",
    )

    # How long things are kept.
    retention_media_days: float | None = Field(
        None, ge=0, description="Days after the end of a job for which its recording is kept. Without it, for ever."
    )
    retention_transcript_days: float | None = Field(
        None, ge=0, description="The same for its transcript, and for the texts in its callbacks."
    )
    retention_callback_days: float | None = Field(
        None, ge=0, description="Days after its last attempt for which the log of a callback is kept."
    )
    retention_job_days: float | None = Field(
        None, ge=0, description="Days after its end for which a job is kept, with all that is of it."
    )
    retention_recording_days: float | None = Field(
        None, ge=0, description="Days for which a recording is kept from the day on which it came to this server."
    )
    retention_conversation_days: float | None = Field(
        None, ge=0, description="Days after the last activity for which a conversation is kept."
    )

    # Logs.
    log_format: Literal["auto", "console", "json"] = Field(
        "auto", description="`auto` writes for people on a terminal and JSON elsewhere."
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field("info", description="Least severity logged.")

    # Metrics and health.
    metrics: Literal["loopback", "open", "off"] = Field(
        "loopback",
        description="Who may read `/metrics` without a token: programs on the same machine that ask directly, "
        "everybody, or nobody. With a `CALLSCRIBE_PUBLIC_URL` on another host a proxy is taken to be in front, and "
        "`loopback` is nobody.",
    )
    metrics_token: SecretStr | None = Field(
        None,
        min_length=16,
        description="With it as a bearer token `/metrics` may be read from anywhere.",
    )
    worker_listen: str | None = Field(
        None,
        pattern=r"^(\[[0-9a-fA-F:]+\]|[^:\s]+):[0-9]{1,5}$",
        description="Where a worker answers `/healthz`, `/readyz` and `/metrics`: `127.0.0.1:9321`, `0.0.0.0:9321`. "
        "Without it, nowhere; the worker of `callscribe serve` is seen through the server.",
    )
    recognition_check: float = Field(
        300.0,
        ge=0,
        description="Seconds without a word from its model after which a worker tries whether recognition works, with "
        "a second of audio; 0 is never.",
    )
    check_at_start: bool = Field(
        False,
        description="A worker takes work only once it has recognised a second of audio, and ends where it cannot. "
        "Without it, an idle worker tries after a minute.",
    )

    _lists = field_validator(
        *(
            "cors_origins",
            "trusted_proxies",
            "media_allow",
            "media_not_found_waits",
            "callback_allow",
            "worker_queues",
            "worker_models",
            "openai_models",
        ),
        mode="before",
    )(_split)
    _not_set = field_validator(
        *("database_url", "blobs_url", "models_dir", "keys_url", "public_url", "tls_certificate", "tls_key"),
        *("master_key", "master_key_file", "kms_url", "kms_token", "kms_token_file", "kms_ca"),
        *("google_credentials", "google_bucket", "google_base_url"),
        mode="before",
    )(_unset)
    _own_bucket = field_validator("media_allow")(_no_own_bucket)
    _driver = field_validator("database_url")(_database)
    _key = field_validator("callback_shared_key")(_named_key)
    _networks = field_validator("trusted_proxies")(_addresses)
    _without_limit = field_validator(
        *("rate_limit", "failed_attempts", "audit_days"),
        "account_jobs_waiting",
        "account_stored_bytes",
        "account_audio_hours",
        mode="before",
    )(_none)

    @property
    def database(self) -> str:
        """The database's URL, with the default filled in."""
        return self.database_url or f"sqlite:///{self.data_dir / 'callscribe.db'}"

    @property
    def blobs(self) -> str:
        """The blob store's URL, with the default filled in."""
        return self.blobs_url or (self.data_dir / "blobs").absolute().as_uri()

    @property
    def keys(self) -> str:
        """The URL of the store of the accounts' keys, with the default filled in."""
        return self.keys_url or (self.data_dir / "keys").absolute().as_uri()

    @property
    def is_shared(self) -> bool:
        """Whether database and blob store are such as processes on other machines have as well."""
        return self.blobs_url is not None and not self.database.startswith("sqlite")

    @property
    def models(self) -> Path:
        """The folder of the model weights, with the default filled in."""
        return self.models_dir or self.data_dir / "models"

    @property
    def spool(self) -> Path:
        """The folder for recordings in work; everything in it can be made again."""
        return self.data_dir / "spool"


def variables() -> frozenset[str]:
    """The names of all variables that are read."""
    return frozenset(f"CALLSCRIBE_{name.upper()}" for name in Settings.model_fields)


def environment(settings: Settings) -> Mapping[str, str]:
    """The variables that give a child process the same settings, secrets included."""
    result: dict[str, str] = {}
    for name in settings.model_fields_set:
        value = getattr(settings, name)
        if value is None:
            if Settings.model_fields[name].default is None:
                continue
            value = "none"  # where that is not the default
        if isinstance(value, SecretStr):
            value = value.get_secret_value()
        elif isinstance(value, tuple):
            value = ",".join(map(str, value)) or "none"
        result[f"CALLSCRIBE_{name.upper()}"] = str(value)
    return result
