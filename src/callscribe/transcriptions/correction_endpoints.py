"""HTTP: what is put right in transcripts, and what configurations may learn of it."""

from fastapi import APIRouter

from callscribe.accounts.authentication import AccountSid, AuthenticatedRoute, Caller
from callscribe.transcriptions.correction_schemas import (
    CorrectedTranscript,
    CorrectTranscript,
    KeytermSuggestion,
    KeytermSuggestions,
    TranscriptVersionList,
    TranscriptVersionListMeta,
    TranscriptVersionResource,
)
from callscribe.transcriptions.endpoints import TRANSCRIPT, CodedRoute, TranscriptCorrections
from callscribe.waiting import DATABASE, STORE
from callscribe.web.pagination import Paging
from callscribe.web.problems import legacy_responses, problem_responses

_of_transcripts = APIRouter(tags=["Transcriptions"], route_class=CodedRoute)
_of_configurations = APIRouter(tags=["Transcription configurations"], route_class=AuthenticatedRoute)


@_of_transcripts.patch(
    TRANSCRIPT, summary="Correct the transcript", responses=problem_responses(400, 404, 409, 410, 413, 503)
)
async def correct(
    caller: Caller, transcription_id: str, corrections: TranscriptCorrections, body: CorrectTranscript
) -> CorrectedTranscript:
    """Makes a new version, from the one that the client has seen. What was recognised stays, as `version=original`.

    Words of an edited sentence that were recognised keep their times, others share what is between. The same request
    sent again makes no second version; nor does one that changes nothing.
    """
    asked = await DATABASE.run(corrections.asked, caller, transcription_id, body)
    made = await STORE.run(corrections.made, asked)
    return await DATABASE.run(corrections.written, made)


@_of_transcripts.get(
    f"{TRANSCRIPT}/Versions", summary="List the versions of the transcript", responses=problem_responses(400, 404, 410)
)
def versions(
    account: AccountSid, transcription_id: str, corrections: TranscriptCorrections, paging: Paging
) -> TranscriptVersionList:
    """Each correction with who made it and when, newest first. A `pageSize` above 100 is taken as 100."""
    page = corrections.page(account, transcription_id, paging.token, paging.size)
    return TranscriptVersionList(
        versions=[TranscriptVersionResource.of(row) for row in page.rows],
        meta=TranscriptVersionListMeta(**paging.place(page)),
    )


@_of_configurations.get(
    "/v2/Configurations/Transcription/{id_or_unique_name}/KeytermSuggestions",
    summary="Suggest keyterms",
    responses=legacy_responses(404),
)
def suggestions(account: AccountSid, id_or_unique_name: str, corrections: TranscriptCorrections) -> KeytermSuggestions:
    """What people wrote twice or more into its transcripts, where the recogniser did not know it. An addition.

    Less what is among its keyterms already; 50 at most.
    """
    found = corrections.suggestions(account, id_or_unique_name)
    return KeytermSuggestions(
        suggestions=[KeytermSuggestion(term=term, corrections=times, calls=calls) for term, times, calls in found]
    )


router = APIRouter(routes=[*_of_transcripts.routes, *_of_configurations.routes])
