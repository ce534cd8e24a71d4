"""`callscribe transcribe`: recordings to transcripts, without server or database."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
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

from callscribe.characters import printable
from callscribe.cli.cells import cell, plain
from callscribe.cli.figures import clock, figures_table, omissions_line
from callscribe.cli.options import Data, load_settings, refused, vocabulary
from callscribe.cli.sources import STANDARD_INPUT, Skipped, Source, find, outputs, several
from callscribe.errors import JobError, SetupError
from callscribe.redaction.entities import Entity
from callscribe.redaction.policy import Mask, Policy, Redaction
from callscribe.speech.diarization.turns import MOST_SPEAKERS, SpeakerRange
from callscribe.speech.interface import OnLanguageMismatch
from callscribe.speech.languages import MULTI, locale_named
from callscribe.transcripts.formats import Format

if TYPE_CHECKING:
    from callscribe.media.decoding import Decoder
    from callscribe.settings import Settings
    from callscribe.speech.diarization.diarizer import Diarizer
    from callscribe.speech.engines.served_by import ServedBy
    from callscribe.speech.interface import Engine, RecognitionOptions
    from callscribe.speech.pipeline import Progress as Progressed
    from callscribe.transcripts.models import Transcript
    from callscribe.transcripts.wire import Notice


def transcribe(
    places: Annotated[
        list[str],
        typer.Argument(
            metavar="PATH|URL|-",
            help="Recordings: WAV, MP3, FLAC and more, mono or two channels; folders with all that is below them; "
            "https URLs; - for standard input.",
        ),
    ],
    output_format: Annotated[
        Format, typer.Option("--format", case_sensitive=False, help="What to write.")
    ] = Format.TXT,
    language: Annotated[
        str, typer.Option(help=f"A locale such as en-US, a language such as en, or {MULTI} to detect it.")
    ] = MULTI,
    engine: Annotated[
        str | None,
        typer.Option(
            help="An engine, or one of Twilio's names, such as deepgram, google or openai: the provider where its key "
            "is set, as CALLSCRIBE_ROUTES says. Without it, this machine."
        ),
    ] = None,
    model: Annotated[
        str | None,
        typer.Option(help="A model's name, see `callscribe models list`, one of --engine, or ENGINE/MODEL."),
    ] = None,
    keyterm: Annotated[
        list[str] | None, typer.Option(help="A word or name that is likely to be said; may be given again.")
    ] = None,
    keyterms: Annotated[
        Path | None, typer.Option(help="A file of such words and names, one a line.", exists=True, dir_okay=False)
    ] = None,
    on_language_mismatch: Annotated[
        OnLanguageMismatch,
        typer.Option(
            case_sensitive=False,
            help="What to do with speech that is surely in another language than --language; it is told in any case.",
        ),
    ] = OnLanguageMismatch.FOLLOW,
    verbatim: Annotated[
        bool, typer.Option("--verbatim", help="Keep fillers (um, uh, mm-hmm), repetitions and false starts.")
    ] = False,
    diarize: Annotated[
        bool, typer.Option("--diarize", help="Tell speakers apart where several share one channel.")
    ] = False,
    speakers: Annotated[
        int | None,
        typer.Option(
            help="How many speakers there are; the same as --diarize where that is known.", min=1, max=MOST_SPEAKERS
        ),
    ] = None,
    redact: Annotated[
        list[str] | None,
        typer.Option(
            metavar="ENTITY|all",
            help="Put a label in the place of what is nobody's to read, such as CARD_NUMBER, CARD_CVV or NAME; may be "
            "given again.",
        ),
    ] = None,
    mask: Annotated[
        Mask, typer.Option(case_sensitive=False, help="What a label says with --redact: what it was, or PII.")
    ] = Mask.ENTITY_TYPE,
    output: Annotated[
        Path | None,
        typer.Option(
            help="Folder for one file for each recording; - writes to standard output, as one recording does anyway."
        ),
    ] = None,
    data: Data = None,
) -> None:
    """Write down what is said in recordings, each channel by itself.

    Of a folder, everything is taken that is a recording by its content. What is written and what is skipped, and why,
    is told on standard error; the exit status is 1 where a recording could not be transcribed, or there was none.
    """
    from callscribe.media.decoding import Decoder, check_box
    from callscribe.speech.engines.registry import Engines
    from callscribe.speech.interface import RecognitionOptions
    from callscribe.speech.routes import check_served, detected_models

    settings = load_settings(data)
    language = locale_named(language)
    served_by = _served_by(engine, model, language, settings)
    options = RecognitionOptions(
        None if language == MULTI else language,
        vocabulary(keyterm or [], keyterms),
        {} if model and not engine else detected_models(served_by, language, settings),
        on_language_mismatch=on_language_mismatch,
        verbatim=verbatim,
    )
    asked = settings.model_copy(update={"model": served_by.model})  # a folder of the operator's own may be named
    if faults := check_served(served_by, language, asked, keyterms=bool(options.keyterms), verbatim=verbatim):
        option = {"language": "--language", "keyterms": "--keyterm", "verbatim": "--verbatim"}.get(
            faults[0].field, "--model"
        )
        raise refused(option if option != "--model" or model else "CALLSCRIBE_MODEL", faults[0].detail)
    redaction = _redaction(redact, mask)
    folder = _folder(places, output, output_format)
    check_box(settings)
    found = list(find(places, extended=settings.media_formats == "extended"))
    diarizer = None
    if diarize or speakers is not None:
        from callscribe.speech.diarization.diarizer import Diarizer

        diarizer = Diarizer(settings)
        diarizer.load()
    with closing(Engines(settings)) as engines, closing(Decoder.from_settings(settings)) as decoder:
        range_ = SpeakerRange.of(speakers, speakers)
        serving = engines.serving(served_by)
        transcriber = _Transcriber(decoder, serving, served_by.model, options, diarizer, range_, redaction)
        try:
            failed = _each(found, transcriber, settings, output_format, folder, several(places))
        except KeyboardInterrupt:
            raise typer.Exit(130) from None
    if failed:
        raise typer.Exit(1)


def _each(
    found: list[Source | Skipped],
    transcriber: _Transcriber,
    settings: Settings,
    format_: Format,
    folder: Path | None,
    many: bool,
) -> bool:
    """Transcribe and write one after the other, and say what became of each; whether anything went wrong."""
    console = Console(stderr=True)
    sources = [each for each in found if isinstance(each, Source)]
    skipped = [each for each in found if isinstance(each, Skipped)]
    for each in skipped:
        _say(console, each.name, f"skipped: {each.reason}", "red" if each.fault else "dim")
    targets = outputs(sources, folder, format_) if folder else [None] * len(sources)
    written = 0
    with _progress(console) as progress:
        for source, target in zip(sources, targets, strict=True):
            task = progress.add_task(plain(source.below.name), total=None)
            say = partial(_say, console, source.name)
            try:
                with source.opened(settings, say) as path:
                    transcript, notices = transcriber.transcribe(path, partial(_advance, progress, task))
                _write(transcript, notices, format_, target, (source.name, not written) if many else None)
                written += 1
                if target is not None:
                    say(f"written to {target}")
                _tell(transcript, notices, say, console)
            except BrokenPipeError:  # nobody reads on
                raise
            except (JobError, OSError) as error:
                say(str(error), "red")
            finally:
                progress.remove_task(task)
    failed = len(sources) - written + sum(each.fault for each in skipped)
    if many:
        told = f"{written} transcribed, {len(found) - written - failed} skipped, {failed} failed."
        console.print(told, highlight=False)
    return failed > 0 or not written


@dataclass(frozen=True, slots=True)
class _Transcriber:
    """What makes a transcript of a file."""

    decoder: Decoder
    engine: Engine
    model: str
    options: RecognitionOptions
    diarizer: Diarizer | None
    speakers: SpeakerRange
    redaction: Redaction | None

    def transcribe(self, path: Path, tell: Progressed) -> tuple[Transcript, list[Notice]]:
        """The transcript, and what is to be known of it; `tell` is told how many seconds are done, and of how many.

        Raises:
            JobError: it cannot be transcribed.
        """
        from callscribe.cancellation import NEVER
        from callscribe.redaction.masking import redacted
        from callscribe.speech.pipeline import diarize_file, transcribe_file
        from callscribe.transcripts.assembly import assemble, models_used
        from callscribe.transcripts.models import Diarization
        from callscribe.transcripts.wire import Notice

        info = self.decoder.inspect(path)
        segmentation, segments = transcribe_file(
            self.decoder, path, self.engine, self.model, self.options, NEVER, tell, voices=self.diarizer is not None
        )
        turns = None
        if self.diarizer:
            turns = diarize_file(self.decoder, path, segmentation, self.diarizer, self.speakers, NEVER)
        transcript = assemble(
            segments,
            duration=segmentation.duration,
            language=self.options.language,
            channels=len(segmentation.channels),
            turns=turns,
        )
        transcript = replace(transcript, models=models_used(segments, self.model, self.options.models))
        if self.diarizer is not None and turns is None:
            transcript = replace(transcript, diarization=Diarization(applied=False))
        if self.redaction is not None:
            transcript = redacted(transcript, self.redaction, timed=transcript.words_timed).transcript
        return transcript, [*Notice.of_duration(info.declared, info.duration), *Notice.of_languages(transcript)]


def _served_by(engine: str | None, model: str | None, language: str, settings: Settings) -> ServedBy:
    """What serves what both options name, which is told where it is another; without them, this machine's."""
    from callscribe.speech.by_name import meant, stands_in
    from callscribe.speech.engines import registry
    from callscribe.speech.routes import engine_names

    if engine and engine not in (known := engine_names(settings)):
        raise refused("--engine", f"There is no engine {engine!r}; it is one of {', '.join(known)}")
    name = "/".join(filter(None, (engine, model)))
    if not name:
        return registry.default(settings, language)
    try:
        served_by = meant(name, language, settings)
    except SetupError as error:
        raise refused("--engine" if engine else "--model", error) from None
    if stands_in(name, served_by, settings):
        Console(stderr=True).print(f"{name} is served here by {served_by}.", style="yellow", highlight=False)
    return served_by


def _redaction(entities: list[str] | None, mask: Mask) -> Redaction | None:
    """What both options ask for; None without any."""
    if not entities:
        return None
    named = {each.upper() for each in entities}
    if unknown := sorted(named - {*Entity, "ALL"}):
        raise refused("--redact", f"There is no {unknown[0]}. There are: all, {', '.join(Entity)}")
    wanted = None if "ALL" in named else sorted(named)
    return Redaction.of(Policy.REDACTED, wanted, mask, None)


def _folder(places: list[str], output: Path | None, format_: Format) -> Path | None:
    """The folder to write to, made if need be; None for standard output."""
    if STANDARD_INPUT in places and (not sys.stdin or sys.stdin.isatty()):
        raise refused(STANDARD_INPUT, "Standard input is closed or a terminal; let a recording come by a pipe")
    if output is None and several(places):
        raise refused("--output", "Several recordings need a folder, or - for standard output")
    if output is None or str(output) == "-":
        if not format_.is_text and (several(places) or sys.stdout.isatty()):
            raise refused("--output", f"{format_} is no text, so it needs a folder")
        return None
    try:
        output.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise refused("--output", f"{output} is no folder that can be written: {error}") from None
    return output


def _write(
    transcript: Transcript,
    notices: list[Notice],
    format_: Format,
    target: Path | None,
    heading: tuple[str, bool] | None,
) -> None:
    """To a file, with the rights that the user's umask leaves; else to standard output.

    There, `heading` is the recording's name, and whether it is the first of several. JSON is a line by itself then, in
    which the name is the member `file`.
    """
    in_json = format_ is Format.JSON
    data = format_.render(transcript, notices=notices)
    if target is not None:
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(data)
        return
    if heading is not None:
        name, first = heading
        if in_json:
            data = json.dumps({"file": name, **json.loads(data)}, ensure_ascii=False).encode() + b"\n"
        else:
            data = (b"" if first else b"\n") + f"==> {printable(name)} <==\n".encode() + data
    typer.echo(data, nl=False)


def _say(console: Console, name: str, message: str, style: str = "") -> None:
    console.print(cell(f"{name}: {message}", style), highlight=False, soft_wrap=True)


def _tell(transcript: Transcript, notices: list[Notice], say: Callable[..., None], console: Console) -> None:
    """What is to be known, and what is left out; and the figures, where somebody reads the text as it comes."""
    for notice in notices:
        say(notice.detail, "yellow")
    if omitted := omissions_line(transcript):
        say(omitted, "yellow")
    if transcript.diarization is not None and not transcript.diarization.applied:
        say("dual-channel, so each channel is a party")
    if sys.stdout.isatty():
        console.print(figures_table(transcript))


def _advance(progress: Progress, task: TaskID, done: float, total: float) -> None:
    progress.update(task, completed=done, total=total)


class _AudioColumn(ProgressColumn):
    """Minutes and seconds of audio that are done, of all."""

    def render(self, task: Task) -> Text:
        if task.total is None:
            return Text("listening", style="dim")
        return Text(f"{clock(task.completed)} of {clock(task.total)}", style="progress.download")


def _progress(console: Console) -> Progress:
    columns = SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), _AudioColumn(), TimeRemainingColumn()
    return Progress(*columns, console=console, disable=not console.is_terminal)
