"""A transcript in one of its versions: what was recognised, and all that was put right up to it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from callscribe.transcriptions.documents import Participant, renamed
from callscribe.transcriptions.tables import Transcription, TranscriptVersion
from callscribe.transcripts.corrections import Corrected, Edit, corrected
from callscribe.transcripts.models import Transcript


@dataclass(frozen=True, slots=True)
class Versioned:
    """A transcript in a version, and its participants as they are called in it."""

    corrected: Corrected
    participants: list[Participant]

    @property
    def transcript(self) -> Transcript:
        """The sentences as they are in this version."""
        return self.corrected.transcript


def versioned(row: Transcription, original: Transcript, versions: Sequence[TranscriptVersion]) -> Versioned:
    """The version that the last of these makes, which are all from the first on; without any, as recognised."""
    latest = versions[-1].number if versions else 0
    names = _names_after(row.participants, versions)
    return Versioned(corrected(original, _edits(original, versions), latest), renamed(row.participants, names))


def _names_after(participants: Sequence[Participant], versions: Iterable[TranscriptVersion]) -> list[str | None]:
    """What participants are called after these versions, who began as they were when the job was made."""
    names = [each.name for each in participants]
    for version in versions:
        for named in version.changes.participants:
            names[named.participant_index] = named.name
    return names


def _edits(original: Transcript, versions: Iterable[TranscriptVersion]) -> dict[int, Edit]:
    """What was last said of each sentence, by its index."""
    edits: dict[int, Edit] = {}
    for version in versions:
        for each in version.changes.edits:
            known = edits.get(each.sentence_index) or original.sentences[each.sentence_index]
            text = known.text if each.text is None else each.text
            participant = each.participant_index if each.says_who else known.participant
            if (text, participant) != (known.text, known.participant):
                edits[each.sentence_index] = Edit(
                    text, participant, version.number, version.created_at, version.created_by
                )
    return edits
