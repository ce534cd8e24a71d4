"""`callscribe doctor`: whether everything is there and answers, and what to do where not."""

from __future__ import annotations

import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table

from callscribe.cli.cells import cell, plain
from callscribe.cli.options import Data, load_settings
from callscribe.errors import SetupError

if TYPE_CHECKING:
    from callscribe.settings import Settings


def doctor(data: Data = None) -> None:
    """Check what is installed, what serves what, and whether database, blob store and model answer."""
    from callscribe.system.findings import findings

    settings = load_settings(data)
    console = Console()
    with TemporaryDirectory() as instead:
        if not settings.data_dir.exists():  # which a mistyped --data must not make
            told = f"{settings.data_dir} is not there until the first start: this is tried in another folder."
            console.print(told, soft_wrap=True)
            settings = settings.model_copy(update={"data_dir": Path(instead)})
        table = Table(box=None, show_header=False)
        well = True
        for finding in findings(settings, trying=True):
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


def _engines(settings: Settings) -> Table:
    from callscribe.speech import routes
    from callscribe.speech.engines.served_by import ServedBy

    table = Table("Engine", "Model", "Served by", "Languages", box=None, header_style="bold", title="Engines")
    for offer in routes.offers(settings):
        first = next(iter(offer.languages.values()), None)
        if isinstance(first, ServedBy):
            served = f"{first.engine} {first.model}"
        else:
            served = f"[red]{plain(first.detail) if first else 'nothing: the model is not here'}[/]"
        table.add_row(offer.engine, offer.model, served, f"{len(offer.languages)}")
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
