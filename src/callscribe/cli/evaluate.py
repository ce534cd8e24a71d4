"""`callscribe evaluate`: how many words engines get wrong, on recordings of which is known what was said."""

from __future__ import annotations

import os
from collections.abc import Iterable
from contextlib import ExitStack, closing
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final, Literal

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TaskProgressColumn, TextColumn, TimeRemainingColumn

from callscribe.cli.cells import cell, plain
from callscribe.cli.options import Data, OfAccount, account_named, load_settings, looked_at, refused, vocabulary
from callscribe.cli.sources import Skipped, find
from callscribe.errors import JobError, SetupError
from callscribe.speech.languages import MULTI, locale_named

if TYPE_CHECKING:
    from callscribe.db.engine import Database
    from callscribe.evaluation.documents import EvaluationReport
    from callscribe.evaluation.references import Recording, Unusable
    from callscribe.evaluation.running import Evaluation, Question
    from callscribe.services import Services
    from callscribe.settings import Settings
    from callscribe.speech.engines.served_by import ServedBy

PLAIN_WIDTH: Final = 132
"""Columns where what is written goes to no terminal."""


class Shape(StrEnum):
    """How the result is written."""

    TABLE = "table"
    JSON = "json"


def evaluate(
    folder: Annotated[
        Path | None,
        typer.Argument(
            metavar="FOLDER",
            help="Recordings with what was said beside each: `call.wav` and `call.json`, `call.vtt` or `call.txt`.",
            exists=True,
            file_okay=False,
        ),
    ] = None,
    corrected: Annotated[
        bool, typer.Option("--corrected", help="Instead of a folder, the calls whose transcripts people corrected.")
    ] = False,
    account: OfAccount = None,
    engine: Annotated[
        list[str] | None,
        typer.Option(
            metavar="ENGINE[/MODEL]",
            help="An engine with a model, such as whisper/base or deepgram/nova-3, or a model's name; may be given "
            "again. Without it, what serves the language here.",
        ),
    ] = None,
    language: Annotated[
        str | None,
        typer.Option(
            help=f"A locale such as en-US, a language such as en, or {MULTI} to detect it. Without it, what the file "
            "beside a recording says, else en-US."
        ),
    ] = None,
    keyterm: Annotated[
        list[str] | None, typer.Option(help="A word or name that is likely to be said; may be given again.")
    ] = None,
    keyterms: Annotated[
        Path | None, typer.Option(help="A file of such words and names, one a line.", exists=True, dir_okay=False)
    ] = None,
    output_format: Annotated[
        Shape, typer.Option("--format", case_sensitive=False, help="What to write on standard output.")
    ] = Shape.TABLE,
    chart: Annotated[Path | None, typer.Option(metavar="FILE.svg", help="Draw the rates into a file as well.")] = None,
    save: Annotated[
        bool, typer.Option("--save/--no-save", help="Keep what comes of it in the database, for the console.")
    ] = True,
    data: Data = None,
) -> None:
    """Find out which engine is best on your own recordings: how many words each gets wrong, and how sure that is.

    Write down what was said in 20 calls or more, as it was said, a file beside each recording. A .txt has the words; a
    .vtt has times, and channels as `<v Channel 1>`; a .json is a transcript as `callscribe transcribe` writes it, put
    right, or simply {"text": "…"}, or {"channels": ["…", "…"]} with a text for each channel.

        callscribe evaluate calls --engine whisper/base --engine whisper/small

    The word error rate comes with the interval in which it would be in 95 of 100 such samples of recordings: engines of
    which each lies in the other's are hardly told apart. Words that are often wrong are candidates for key terms: try
    them with --keyterm.

    What cannot be used is named and left out. Rates are over the recordings that every engine did. Ctrl-C ends it with
    what was done. At a provider's engine recordings are sent to that provider, who is paid; CALLSCRIBE_PRICES says how
    much. With --corrected, what nobody changed counts as right, which favours the engine that wrote it.
    """
    from callscribe.evaluation.running import Question
    from callscribe.evaluation.scoring import check_installed
    from callscribe.media.decoding import check_box
    from callscribe.speech.prices import Prices

    if (folder is None) is not corrected:
        raise refused("FOLDER", "Name a folder, or say --corrected; one of the two")
    if chart is not None and (chart.suffix.lower() != ".svg" or not chart.absolute().parent.is_dir()):
        raise refused("--chart", f"{chart} is no .svg in a folder that is there")
    question = Question(None if language is None else locale_named(language), vocabulary(keyterm or [], keyterms))
    check_installed()
    settings = load_settings(data)
    Prices.parse(settings.prices)
    check_box(settings)
    console = Console(stderr=True)
    with ExitStack() as stack:
        installation = _installation(stack, data, console, needed=corrected) if save or corrected else None
        if folder is not None:
            source = _of_folder(folder, settings)
        else:
            assert installation is not None
            source = _of_corrections(installation, account)
        chosen = _chosen(engine or [], question, source, settings, console)
        report, interrupted = _compared(source, chosen, question, settings, console)
        _write(report, output_format, console)
        if chart is not None:
            from callscribe.evaluation.charts import svg

            chart.write_text(svg(source.title, report), encoding="utf-8")
        if save and installation is not None and report.recordings:
            _keep(installation, source, report, console)
    if interrupted:
        raise typer.Exit(130)
    if not report.recordings or any(each.failed for each in report.engines):
        raise typer.Exit(1)


@dataclass(frozen=True, slots=True)
class _Source:
    """What the engines are to recognise, and how many recordings it is."""

    title: str
    kind: Literal["folder", "corrections"]
    found: Iterable[Recording | Unusable]
    count: int


@dataclass(frozen=True, slots=True)
class _Installation:
    """A server's data."""

    settings: Settings
    database: Database
    services: Services


def _installation(stack: ExitStack, data: Path | None, console: Console, *, needed: bool) -> _Installation | None:
    """The server's database, where there is one that fits; else it is said that nothing will be kept."""
    try:
        return _Installation(*stack.enter_context(looked_at(data)))
    except SetupError as error:
        if needed:
            raise
        _say(console, f"What comes of this will not be kept: {error}", "yellow")
        return None


def _of_folder(folder: Path, settings: Settings) -> _Source:
    from callscribe.evaluation.references import Unusable, pairs

    recordings: list[Path] = []
    rejected: list[Unusable] = []
    unreadable: list[Unusable] = []
    for each in find([str(folder)], extended=settings.media_formats == "extended"):
        if isinstance(each, Skipped):
            name = os.path.relpath(each.name, folder)
            (unreadable if each.fault else rejected).append(Unusable(name, each.reason))
        elif each.path is not None:
            recordings.append(each.path)
    found = [*pairs(folder, recordings, rejected), *unreadable]
    found.sort(key=lambda each: each.name)
    return _Source(folder.resolve().name or str(folder), "folder", found, len(found))


def _of_corrections(installation: _Installation, account: str | None) -> _Source:
    from callscribe.accounts.service import Accounts
    from callscribe.evaluation import corrected

    settings, database, services = installation.settings, installation.database, installation.services
    sid = account_named(Accounts.of(database, settings), account)
    found = corrected.recordings(database, services.corrections, services.results, services.blobs, settings, sid)
    return _Source(f"Corrected calls of {sid}", "corrections", found, corrected.count(database, sid))


def _chosen(
    names: list[str], question: Question, source: _Source, settings: Settings, console: Console
) -> list[ServedBy]:
    """The engines that are to take part, each once."""
    from callscribe.evaluation.references import Recording
    from callscribe.evaluation.running import LANGUAGE, check
    from callscribe.speech.by_name import meant, stands_in
    from callscribe.speech.engines import registry

    language = question.language or LANGUAGE
    taking_part: dict[ServedBy, None] = {}
    try:
        for name in names or [str(registry.default(settings, language))]:
            served_by = meant(name, language, settings)
            if stands_in(name, served_by, settings):
                _say(console, f"{name} is served here by {served_by}.", "yellow")
            taking_part[served_by] = None
        known = [each for each in source.found if isinstance(each, Recording)] if source.kind == "folder" else []
        languages = {question.language_of(each.reference) for each in known} or {language}
        for served_by in taking_part:
            check(served_by, languages, settings, keyterms=bool(question.keyterms))
    except SetupError as error:
        raise refused("--engine", error) from None
    return list(taking_part)


def _compared(
    source: _Source, chosen: list[ServedBy], question: Question, settings: Settings, console: Console
) -> tuple[EvaluationReport, bool]:
    """What came of it, and whether it was interrupted."""
    from callscribe.evaluation.running import Evaluation, contenders
    from callscribe.media.decoding import Decoder

    try:
        with contenders(chosen, settings) as taking_part, closing(Decoder.from_settings(settings)) as decoder:
            evaluation = Evaluation(taking_part, decoder, question, settings)
            try:
                _run(evaluation, source, chosen, console)
            except KeyboardInterrupt:
                _say(console, "Interrupted; this is what was done.", "yellow")
                return evaluation.report(source.kind), True
            return evaluation.report(source.kind), False
    except JobError as error:
        raise refused("--engine", error) from None
    except KeyboardInterrupt:  # before there was anything
        raise typer.Exit(130) from None


def _run(evaluation: Evaluation, source: _Source, chosen: list[ServedBy], console: Console) -> None:
    from callscribe.evaluation.references import Unusable

    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        TaskProgressColumn(),
        TimeRemainingColumn(),
    )
    places = {served_by: place for place, served_by in enumerate(chosen)}
    done = 0
    with Progress(*columns, console=console, disable=not console.is_terminal) as progress:
        task = progress.add_task("", total=source.count * len(chosen))

        def tell(name: str, served_by: ServedBy, share: float) -> None:
            completed = done * len(chosen) + places[served_by] + share
            progress.update(task, completed=completed, description=plain(f"{name}  {served_by}"))

        with closing(evaluation.run(source.found, tell)) as running:
            for each in running:
                done += 1
                if isinstance(each, Unusable):
                    _say(console, f"{each.name}: left out: {each.reason}", "yellow")
                    continue
                for served_by, reason in evaluation.failures(each.name).items():
                    _say(console, f"{each.name}: {served_by} failed: {reason}", "red")


def _write(report: EvaluationReport, shape: Shape, console: Console) -> None:
    from callscribe.cli.evaluation_tables import rendered

    if not report.recordings:
        _say(console, "There is no recording that could be compared.", "red")
    if shape is Shape.JSON:
        typer.echo(report.model_dump_json(by_alias=True, indent=2))
        return
    output = Console(highlight=False)
    if not output.is_terminal:
        output = Console(highlight=False, width=PLAIN_WIDTH)
    for place, each in enumerate(rendered(report)):
        if place:
            output.print()
        output.print(each)


def _keep(installation: _Installation, source: _Source, report: EvaluationReport, console: Console) -> None:
    from callscribe.evaluation.service import Evaluations

    if source.kind == "corrections" and installation.settings.encryption != "none":
        # Words of calls are sealed with keys that can be erased, which a row of the operator's is not.
        without = [each.model_copy(update={"most_wrong": []}) for each in report.engines]
        report = report.model_copy(update={"engines": without})
        _say(console, "Calls are encrypted here, so the words that are often wrong are not kept.", "yellow")
    row = Evaluations(installation.database).keep(source.title, report)
    _say(console, f"Kept as {row.id}; see Evaluations in the console, below System.")


def _say(console: Console, message: str, style: str = "") -> None:
    console.print(cell(message, style), highlight=False, soft_wrap=True)
