"""HTTP: `/v2/Conversations` with participants and communications."""

import re
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Header, Path, Query, Request, Response
from fastapi.responses import JSONResponse
from pydantic import BaseModel, WithJsonSchema

from callscribe.accounts.authentication import AccountSid, AuthenticatedRoute
from callscribe.conversations.changes import ChangeResult
from callscribe.conversations.configuration_schemas import AcceptedOperation
from callscribe.conversations.schemas import (
    CommunicationList,
    CommunicationRequest,
    CommunicationResource,
    ConversationList,
    ConversationParticipantList,
    ConversationParticipantRequest,
    ConversationParticipantResource,
    ConversationPatch,
    ConversationRequest,
    ConversationResource,
    ConversationUpdate,
)
from callscribe.conversations.service import Conversations
from callscribe.conversations.tables import ConversationStatus
from callscribe.conversations.wire import ConversationListMeta, ShortText
from callscribe.errors import Code, RequestError
from callscribe.web.application import of_application
from callscribe.web.idempotency import Idempotency
from callscribe.web.pagination import Paging
from callscribe.web.problems import legacy_responses
from callscribe.web.urls import BaseUrl

router = APIRouter(tags=["Conversations"], route_class=AuthenticatedRoute)

_UUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")


@dataclass(frozen=True, slots=True)
class OnceOnly:
    """The `Idempotency-Key` of a request."""

    _account_sid: str
    key: str | None
    _operation: str

    def of(self, body: BaseModel | None = None) -> Idempotency | None:
        """Knows whether this very request was answered before; None without a key."""
        if self.key is None:
            return None
        document = None if body is None else body.model_dump(mode="json", by_alias=True)
        return Idempotency(self._account_sid, self.key, {"operation": self._operation, "body": document})

    def answer(self, answer: ChangeResult) -> JSONResponse:
        """With the key, as it was sent."""
        headers = {} if self.key is None else {"Idempotency-Key": self.key}
        return JSONResponse(answer.document, answer.status, headers)


async def _once_only(
    request: Request,
    account: AccountSid,
    idempotency_key: Annotated[
        str | None,
        Header(
            description="A UUID. The same key with the same request is answered as before and changes nothing; for 24 "
            "hours.",
        ),
        WithJsonSchema({"type": "string", "format": "uuid"}),
    ] = None,
) -> OnceOnly:
    if idempotency_key is not None and not _UUID.fullmatch(idempotency_key):
        raise RequestError(Code.INVALID_PARAMETER, "Idempotency-Key must be a UUID.")
    return OnceOnly(account, idempotency_key, f"{request.method} {request.url.path}")


Service = Annotated[Conversations, of_application("conversations")]
Once = Annotated[OnceOnly, Depends(_once_only)]
ConversationId = Annotated[str, Path(pattern=r"^conv_conversation_[0-9a-z]{26}$")]
ParticipantId = Annotated[str, Path(pattern=r"^conv_participant_[0-9a-z]{26}$")]
CommunicationId = Annotated[str, Path(pattern=r"^conv_communication_[0-9a-z]{26}$")]
ChannelId = Annotated[ShortText | None, Query(alias="channelId")]

KEY_HEADER: dict[str, Any] = {
    "Idempotency-Key": {"description": "As it was sent, where one was.", "schema": {"type": "string"}}
}
OPERATION_HEADERS: dict[str, Any] = KEY_HEADER | {
    "Operation-Id": {"description": "The operation's id.", "schema": {"type": "string"}},
    "Location": {"description": "`statusUrl`.", "schema": {"type": "string"}},
}


_CONVERSATION = "/v2/Conversations/{conversation_id}"
_PARTICIPANTS = f"{_CONVERSATION}/Participants"
_PARTICIPANT = f"{_PARTICIPANTS}/{{participant_id}}"
_COMMUNICATIONS = f"{_CONVERSATION}/Communications"


def _changed(model: type[BaseModel], *statuses: int) -> dict[str, Any]:
    """For the OpenAPI document: what a change is answered with, the first of `statuses` where nothing is wrong."""
    changed: dict[int | str, Any] = {status: {"model": model, "headers": KEY_HEADER} for status in statuses}
    return {"response_model": model, "responses": legacy_responses(400, 404, 409, 413, 422) | changed}


def operation_started(*refusals: int) -> dict[str, Any]:
    """For the OpenAPI document: what a change that has an operation is answered with, or one of the `refusals`."""
    return {
        "status_code": 202,
        "response_model": AcceptedOperation,
        "responses": legacy_responses(*refusals) | {202: {"headers": OPERATION_HEADERS}},
    }


def operation_answer(once: OnceOnly, answer: ChangeResult) -> JSONResponse:
    """202 with the headers that name the operation."""
    response = once.answer(answer)
    url = answer.document["statusUrl"]
    response.headers["Operation-Id"] = url.rpartition("/")[2]
    response.headers["Location"] = url
    return response


@router.post("/v2/Conversations", status_code=201, summary="Open a conversation", **_changed(ConversationResource, 201))
def create(account: AccountSid, body: ConversationRequest, service: Service, once: Once) -> Response:
    """409 where one of the same configuration is open with the same participants, as its grouping counts them."""
    return once.answer(service.create(once.of(body), account, body))


@router.get("/v2/Conversations", summary="List conversations", responses=legacy_responses(400))
def list_conversations(
    account: AccountSid,
    service: Service,
    paging: Paging,
    status: Annotated[list[ConversationStatus], Query(description="May be given several times.")] = [],  # noqa: B006
    channel_id: ChannelId = None,
) -> ConversationList:
    """Newest first. `channelId` is that of a communication or of a participant's address: the SID of a call, say."""
    page = service.page(account, status, channel_id, paging.token, paging.size)
    return ConversationList(
        conversations=list(page.rows), meta=ConversationListMeta(key="conversations", **paging.place(page))
    )


@router.get(_CONVERSATION, summary="Fetch a conversation", responses=legacy_responses(404))
def fetch(account: AccountSid, conversation_id: ConversationId, service: Service) -> ConversationResource:
    """With its participants; `configuration` is as it was when the conversation was opened."""
    return service.fetch(account, conversation_id)


@router.put(_CONVERSATION, summary="Replace a conversation's name and metadata", **_changed(ConversationResource, 200))
def replace(
    account: AccountSid, conversation_id: ConversationId, body: ConversationUpdate, service: Service, once: Once
) -> Response:
    """A status that is left out stays. A closed conversation does not change any more: 409."""
    return once.answer(service.replace(once.of(body), account, conversation_id, body))


@router.patch(_CONVERSATION, summary="Change a conversation", **_changed(ConversationResource, 200))
def patch(
    account: AccountSid, conversation_id: ConversationId, body: ConversationPatch, service: Service, once: Once
) -> Response:
    """What is left out stays; keys of `metadata` are merged, and removed by null."""
    return once.answer(service.patch(once.of(body), account, conversation_id, body))


@router.delete(_CONVERSATION, summary="Delete a conversation", **operation_started(400, 404, 422))
def delete(
    account: AccountSid, conversation_id: ConversationId, service: Service, base_url: BaseUrl, once: Once
) -> Response:
    """In every status, with all that it has. It is gone when this is answered."""
    return operation_answer(once, service.delete(once.of(), account, conversation_id, base_url=base_url))


@router.post(
    _PARTICIPANTS, status_code=201, summary="Add a participant", **_changed(ConversationParticipantResource, 201)
)
def add_participant(
    account: AccountSid,
    conversation_id: ConversationId,
    body: ConversationParticipantRequest,
    service: Service,
    once: Once,
) -> Response:
    """At most 50. The conversation is grouped anew."""
    return once.answer(service.participants.add(once.of(body), account, conversation_id, body))


@router.get(_PARTICIPANTS, summary="List participants", responses=legacy_responses(400, 404))
def list_participants(
    account: AccountSid,
    conversation_id: ConversationId,
    service: Service,
    paging: Paging,
) -> ConversationParticipantList:
    """In the order in which they joined."""
    page = service.participants_page(account, conversation_id, paging.token, paging.size)
    return ConversationParticipantList(
        participants=[ConversationParticipantResource.of(row) for row in page.rows],
        meta=ConversationListMeta(key="participants", **paging.place(page)),
    )


@router.get(_PARTICIPANT, summary="Fetch a participant", responses=legacy_responses(404))
def fetch_participant(
    account: AccountSid, conversation_id: ConversationId, participant_id: ParticipantId, service: Service
) -> ConversationParticipantResource:
    """One of those who take part."""
    return ConversationParticipantResource.of(service.participant(account, conversation_id, participant_id))


@router.put(_PARTICIPANT, summary="Replace a participant", **_changed(ConversationParticipantResource, 200))
def replace_participant(
    account: AccountSid,
    conversation_id: ConversationId,
    participant_id: ParticipantId,
    body: ConversationParticipantRequest,
    service: Service,
    once: Once,
) -> Response:
    """Takes the full body. The conversation is grouped anew."""
    return once.answer(service.participants.replace(once.of(body), account, conversation_id, participant_id, body))


@router.delete(_PARTICIPANT, status_code=204, summary="Remove a participant", responses=legacy_responses(404, 409))
def remove_participant(
    account: AccountSid, conversation_id: ConversationId, participant_id: ParticipantId, service: Service
) -> Response:
    """What they said stays. An addition."""
    service.participants.remove(None, account, conversation_id, participant_id)
    return Response(status_code=204)


@router.post(
    _COMMUNICATIONS, status_code=201, summary="Add a communication", **_changed(CommunicationResource, 200, 201)
)
def add_communication(
    account: AccountSid,
    conversation_id: ConversationId,
    body: CommunicationRequest,
    service: Service,
    once: Once,
) -> Response:
    """About one `resourceId` a conversation has one communication: 200 with that one, changed where this says so."""
    return once.answer(service.communications.add(once.of(body), account, conversation_id, body))


@router.get(_COMMUNICATIONS, summary="List communications", responses=legacy_responses(400, 404))
def list_communications(
    account: AccountSid,
    conversation_id: ConversationId,
    service: Service,
    paging: Paging,
    channel_id: ChannelId = None,
) -> CommunicationList:
    """In the order in which they were said."""
    page = service.communications_page(account, conversation_id, channel_id, paging.token, paging.size)
    return CommunicationList(
        communications=[CommunicationResource.of(row) for row in page.rows],
        meta=ConversationListMeta(key="communications", **paging.place(page)),
    )


@router.get(f"{_COMMUNICATIONS}/{{communication_id}}", summary="Fetch a communication", responses=legacy_responses(404))
def fetch_communication(
    account: AccountSid, conversation_id: ConversationId, communication_id: CommunicationId, service: Service
) -> CommunicationResource:
    """One thing that was said or written."""
    return CommunicationResource.of(service.communication(account, conversation_id, communication_id))
