"""`callscribe transcribe`: recordings to transcripts, without server or database."""

from __future__ import annotations

import sys
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.progress import (
    BarColumn,
    Progress,
    ProgressColumn,
    SpinnerColumn,
    Task,
    TaskID,
    TextColumn,
    TimeRemainingColumn,
)
from rich.text import Text

from callscribe.cli.figures import clock, figures_table, omissions_line
from callscribe.cli.options import Data, load_settings
from callscribe.errors import Code, JobError
from callscribe.speech.diarization.turns import MOST_SPEAKERS, SpeakerRange
from callscribe.speech.languages import MULTI
from callscribe.transcripts.format_names import Format

if TYPE_CHECKING:
    from callscribe.media.decoding import Decoder
    from callscribe.speech.diarization.diarizer import Diarizer
    from callscribe.speech.interface import Engine, RecognitionOptions
    from callscribe.transcripts.models import Transcript


def transcribe(
    files: Annotated[list[Path], typer.Argument(help="Recordings: WAV, MP3, FLAC and more; mono or two channels.")],
    output_format: Annotated[Format, typer.Option("--format", help="What to write.")] = Format.TXT,
    language: Annotated[str, typer.Option(help=f"A locale such as en-US, or {MULTI} to detect it.")] = MULTI,
    model: Annotated[
        str | None,
        typer.Option(help="A model's name, see `callscribe models list`, or ENGINE/MODEL."),
    ] = None,
    keyterm: Annotated[
        list[str] | None, typer.Option(help="A word or name that is likely to be said; may be given again.")
    ] = None,
    keyterms: Annotated[
        Path | None, typer.Option(help="A file of such words and names, one a line.", exists=True, dir_okay=False)
    ] = None,
    diarize: Annotated[
        bool, typer.Option("--diarize", help="Tell speakers apart where several share one channel.")
    ] = False,
    speakers: Annotated[
        int | None,
        typer.Option(
            help="How many speakers there are; the same as --diarize where that is known.", min=1, max=MOST_SPEAKERS
        ),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option(
            help="Folder for one file for each recording; - writes to standard output, as one file does anyway."
        ),
    ] = None,
    data: Data = None,
) -> None:
    """Write down what is said in recordings, each channel by itself."""
    from callscribe.media.decoding import Decoder
    from callscribe.speech.engines import registry
    from callscribe.speech.engines.registry import Engines
    from callscribe.speech.interface import RecognitionOptions
    from callscribe.speech.routes import check_served

    settings = load_settings(data)
    console = Console(stderr=True)
    served_by = registry.named(model) if model else registry.default(settings)
    options = RecognitionOptions(None if language == MULTI else language, _vocabulary(keyterm or [], keyterms))
    asked = settings.model_copy(update={"model": served_by.model})  # a folder of the operator's own may be named
    if faults := check_served(served_by, language, asked, keyterms=bool(options.keyterms)):
        hint = {"language": "--language", "keyterms": "--keyterm"}.get(faults[0].field, "--model")
        raise typer.BadParameter(f"{faults[0].detail}.", param_hint=hint)
    diarizer = None
    if diarize or speakers is not None:
        from callscribe.speech.diarization.diarizer import Diarizer

        diarizer = Diarizer(settings)
        diarizer.load()
    range_ = SpeakerRange.of(speakers, speakers)
    folder = _folder(files, output)
    failures = 0
    with (
        closing(Engines(settings)) as engines,
        closing(Decoder(extended=settings.media_formats == "extended")) as decoder,
        _progress(console) as progress,
    ):
        engine = engines.serving(served_by)
        for path in files:
            task = progress.add_task(escape(path.name), total=None)
            try:
                transcript = _transcript(
                    decoder, path, engine, served_by.model, options, diarizer, range_, progress, task
                )
                _write(transcript, path, output_format, folder)
                _tell(transcript, path, console)
            except JobError as error:
                failures += 1
                progress.update(task, total=1, completed=0)
                console.print(f"[red]{escape(str(path))}: {escape(str(error))}[/red]", highlight=False, soft_wrap=True)
            except KeyboardInterrupt:
                raise typer.Exit(130) from None
    if failures:
        raise typer.Exit(1)


def _transcript(
    decoder: Decoder,
    path: Path,
    engine: Engine,
    model: str,
    options: RecognitionOptions,
    diarizer: Diarizer | None,
    speakers: SpeakerRange,
    progress: Progress,
    task: TaskID,
) -> Transcript:
    from callscribe.cancellation import NEVER
    from callscribe.speech.pipeline import diarize_file, transcribe_file
    from callscribe.transcripts.assembly import assemble
    from callscribe.transcripts.models import Diarization

    if not path.is_file():
        raise JobError(Code.MEDIA_NOT_FOUND, "There is no such file")
    decoder.inspect(path)

    def tell(done: float, total: float) -> None:
        progress.update(task, completed=done, total=total)

    segmentation, segments = transcribe_file(
        decoder, path, engine, model, options, NEVER, tell, voices=diarizer is not None
    )
    turns = diarize_file(decoder, path, segmentation, diarizer, speakers, NEVER) if diarizer else None
    progress.update(task, completed=segmentation.duration, total=segmentation.duration)
    transcript = assemble(
        segments,
        duration=segmentation.duration,
        language=options.language,
        channels=len(segmentation.channels),
        turns=turns,
    )
    if diarizer is not None and turns is None:
        return replace(transcript, diarization=Diarization(applied=False))
    return transcript


def _vocabulary(terms: list[str], file: Path | None) -> tuple[str, ...]:
    """What both options name."""
    from callscribe.speech.keyterms import vocabulary

    try:
        if file is not None:
            terms = [*terms, *filter(str.strip, file.read_text(encoding="utf-8").splitlines())]
        return vocabulary(terms)
    except (OSError, ValueError) as error:
        raise typer.BadParameter(f"{error}.", param_hint="--keyterms" if file else "--keyterm") from None


def _folder(files: list[Path], output: Path | None) -> Path | None:
    """The folder to write to, made if need be; None for standard output."""
    if output is None:
        if len(files) > 1:
            raise typer.BadParameter(
                "Several recordings need a folder, or - for standard output.", param_hint="--output"
            )
        return None
    if str(output) == "-":
        return None
    try:
        output.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise typer.BadParameter(
            f"{output} is no folder that can be written: {error}.", param_hint="--output"
        ) from None
    names = [path.stem for path in files]
    for name in names:
        if names.count(name) > 1:
            raise typer.BadParameter(
                f"Two recordings are named {name}; one would overwrite the other.", param_hint="FILES"
            )
    return output


def _write(transcript: Transcript, path: Path, output_format: Format, folder: Path | None) -> None:
    from callscribe.transcripts.formats import to_captions
    from callscribe.transcripts.wire import TranscriptFile

    if output_format == Format.JSON:
        text = TranscriptFile.of(transcript).model_dump_json(by_alias=True, indent=2) + "\n"
    else:
        text = to_captions(transcript, output_format)
    if folder is None:
        sys.stdout.write(text)
        sys.stdout.flush()
    else:
        (folder / f"{path.stem}.{output_format}").write_text(text, encoding="utf-8")


def _tell(transcript: Transcript, path: Path, console: Console) -> None:
    """What is left out; and the figures, where somebody reads the text as it comes."""
    if omitted := omissions_line(transcript):
        console.print(f"[yellow]{escape(str(path))}: {omitted}[/yellow]", highlight=False, soft_wrap=True)
    if transcript.diarization is not None and not transcript.diarization.applied:
        console.print(f"{escape(str(path))}: dual-channel, so each channel is a party", highlight=False, soft_wrap=True)
    if sys.stdout.isatty():
        console.print(figures_table(transcript))


class _AudioColumn(ProgressColumn):
    """Minutes and seconds of audio that are done, of all."""

    def render(self, task: Task) -> Text:
        if task.total is None:
            return Text("listening", style="dim")
        return Text(f"{clock(task.completed)} of {clock(task.total)}", style="progress.download")


def _progress(console: Console) -> Progress:
    columns = SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), _AudioColumn(), TimeRemainingColumn()
    return Progress(*columns, console=console, disable=not console.is_terminal)
