"""What `verbatim` does: fillers that are written with it and without it, and the errors in all other words.

    python benchmarks/verbatim.py [--model base] [--languages en fr] [--markdown]

By language, the corpus's recordings of one channel that have a transcript, and for English the calls over bad lines;
nearly all of it is read or played, so that it has next to no fillers. And the corpus's genuine calls, which have no
transcript: fillers are counted there, and nothing is known of which are right. `CALLSCRIBE_COMPUTE` says how it is
computed. Fillers are taken out of transcripts and texts before other words are compared.
"""

import argparse
from collections.abc import Callable, Iterable, Sequence
from contextlib import ExitStack
from typing import Final

from rich.table import Table

from callscribe.settings import Settings
from callscribe.speech.engines.whisper import fillers
from callscribe.speech.languages import LANGUAGE_CODES
from corpus import Recording, recordings, turns
from recognisers import Recogniser, callscribe, text_of
from scoring import Score, normalise, show

_GENUINE: Final = ("twochan_en", "tel_en")
"""Folders of calls that were recorded."""

_BAD_LINES: Final = "hard"

Said = Callable[[Recording], list[str]]
"""From a recording to what is said on each of its channels, as far as that is known."""


class Count:
    """What came of one set of recordings."""

    def __init__(self) -> None:
        self.words = Score()
        self.fillers = 0

    def add(self, language: str, said: Sequence[str], heard: Sequence[str]) -> None:
        """Count the channels of a recording; `said` has none where nobody knows."""
        for place, text in enumerate(heard):
            plain, found = _without_fillers(text, language)
            self.fillers += found
            if said:
                fluent, _ = _without_fillers(said[place], language)
                self.words.add(normalise(fluent, language), normalise(plain, language))


def _without_fillers(text: str, language: str) -> tuple[str, int]:
    words = text.split()
    fluent = [word for word in words if not fillers.are_all(word, fillers.of(language))]
    return " ".join(fluent), len(words) - len(fluent)


def _transcript(recording: Recording) -> list[str]:
    return [recording.transcript]


def _turns(recording: Recording) -> list[str]:
    said = turns(recording)
    return [" ".join(turn.text for turn in said if turn.channel == channel) for channel in range(recording.channels)]


def selections(languages: Iterable[str]) -> list[tuple[str, str, list[Recording], Said]]:
    """The sets: name, language, recordings, and where it stands what is said in them."""
    known = [each for each in recordings() if each.seconds >= 2]
    found: list[tuple[str, str, list[Recording], Said]] = []
    for language in languages:
        clips = [each for each in known if each.language == language and each.transcript and each.channels == 1]
        found.append((f"clips, {language}", language, clips, _transcript))
        if language == "en":
            composed = [each for each in known if each.group == _BAD_LINES]
            found.append(("calls over bad lines", language, composed, _turns))
            genuine = [each for each in known if each.group in _GENUINE and not each.transcript]
            found.append(("genuine calls", language, genuine, lambda _: []))
    return [each for each in found if each[2]]


def measure(recogniser: Recogniser, chosen: Sequence[Recording], said: Said, language: str) -> Count:
    """Run a recogniser over recordings and count."""
    count = Count()
    for recording in chosen:
        heard = recogniser(recording.path, language)
        count.add(language, said(recording), [text_of(heard, channel) for channel in range(recording.channels)])
    return count


def main() -> None:
    """Measure, and print each set as it is done, then the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="base")
    parser.add_argument("--languages", nargs="+", choices=LANGUAGE_CODES, default=LANGUAGE_CODES)
    parser.add_argument("--markdown", action="store_true", help="print the table as Markdown")
    chosen = parser.parse_args()
    settings = Settings(model=chosen.model)
    counted = "Fillers said", "Written", "with verbatim"
    table = Table("Set", "Recordings", *counted, "Other words", "WER %", "with verbatim")
    with ExitStack() as stack:
        ways = [stack.enter_context(callscribe(settings, verbatim=verbatim)) for verbatim in (False, True)]
        for name, language, some, said in selections(chosen.languages):
            plain, verbatim = (measure(way, some, said, language) for way in ways)
            texts = [text for recording in some for text in said(recording)]
            row = [name, str(len(some)), "", str(plain.fillers), str(verbatim.fillers), "", "", ""]
            if texts:
                row[2] = str(sum(_without_fillers(text, language)[1] for text in texts))
                row[5] = str(sum(len(text.split()) for text in plain.words.references))
                row[6:] = [f"{each.words.errors().wer * 100:.2f}" for each in (plain, verbatim)]
            table.add_row(*row)
            print(*row, sep="\t", flush=True)
    show(table, markdown=chosen.markdown)


if __name__ == "__main__":
    main()
