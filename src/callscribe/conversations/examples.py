"""Examples of what goes in and comes out, for the OpenAPI document."""

from typing import Any

ACCOUNT = "AC0123456789abcdef0123456789abcdef"
CONFIGURATION_ID = "conv_configuration_01k9v6x8m3e5rt0q2w4y6z8abc"
CONVERSATION_ID = "conv_conversation_01k9v7b2c4d6e8f0g2h4j6k8mn"
CUSTOMER_ID = "conv_participant_01k9v7b2c4d6e8f0g2h4j6k8pq"
AGENT_ID = "conv_participant_01k9v7b2c4d6e8f0g2h4j6k8rs"
CALL_SID = "CA0123456789abcdef0123456789abcdef"
OPERATION_ID = "conv_operation_01k9v6x8m3e5rt0q2w4y6z8xyz"
_OPERATION_URL = f"https://calls.example.com/v2/ControlPlane/Operations/{OPERATION_ID}"
_TIME = "2026-03-02T09:30:00Z"
_DATES = {"createdAt": _TIME, "updatedAt": _TIME}

CONFIGURATION_REQUEST: dict[str, Any] = {
    "displayName": "Support calls",
    "description": "One conversation for each customer and agent",
    "conversationGroupingType": "GROUP_BY_PARTICIPANT_ADDRESSES",
    "channelSettings": {"VOICE": {"statusTimeouts": {"inactive": 60, "closed": 1440}}},
    "statusCallbacks": [{"url": "https://example.com/conversations", "method": "POST"}],
}
CONFIGURATION: dict[str, Any] = {
    "id": CONFIGURATION_ID,
    **CONFIGURATION_REQUEST,
    "intelligenceConfigurationIds": [],
    "memoryExtractionEnabled": False,
    **_DATES,
    "version": 1,
}
ACCEPTED: dict[str, Any] = {
    "status": "COMPLETED",
    "statusUrl": _OPERATION_URL,
    "related": {"configurationId": CONFIGURATION_ID},
}
OPERATION: dict[str, Any] = {
    "operationId": OPERATION_ID,
    "status": "COMPLETED",
    "createdAt": _TIME,
    "completedAt": _TIME,
    "statusUrl": _OPERATION_URL,
    "error": None,
    "related": {"configurationId": CONFIGURATION_ID},
}

_CUSTOMER: dict[str, Any] = {
    "name": "Emma Carter",
    "type": "CUSTOMER",
    "addresses": [{"channel": "VOICE", "address": "+15550100", "channelId": CALL_SID}],
}
_AGENT: dict[str, Any] = {
    "name": None,
    "type": "HUMAN_AGENT",
    "addresses": [{"channel": "VOICE", "address": "+15550111", "channelId": CALL_SID}],
}
_OF_CONVERSATION = {"conversationId": CONVERSATION_ID, "accountId": ACCOUNT}
PARTICIPANT: dict[str, Any] = {"id": CUSTOMER_ID, **_OF_CONVERSATION, **_CUSTOMER, **_DATES}
CONVERSATION_REQUEST: dict[str, Any] = {
    "configurationId": CONFIGURATION_ID,
    "name": "Tent order",
    "participants": [_CUSTOMER, _AGENT],
    "metadata": {"order": "7741"},
}
CONVERSATION: dict[str, Any] = {
    "id": CONVERSATION_ID,
    "accountId": ACCOUNT,
    "configurationId": CONFIGURATION_ID,
    "status": "ACTIVE",
    "name": "Tent order",
    "configuration": CONFIGURATION,
    "metadata": {"order": "7741"},
    "participants": [PARTICIPANT, {"id": AGENT_ID, **_OF_CONVERSATION, **_AGENT, **_DATES}],
    **_DATES,
}

_SPOKEN: dict[str, Any] = {
    "type": "TRANSCRIPTION",
    "text": "Good morning.",
    "transcription": {
        "channel": 1,
        "confidence": 0.97,
        "engine": "whisper",
        "words": [
            {"text": "Good", "startTime": "2026-03-02T09:30:01.250Z", "endTime": "2026-03-02T09:30:01.480Z"},
            {"text": "morning.", "startTime": "2026-03-02T09:30:01.480Z", "endTime": "2026-03-02T09:30:01.960Z"},
        ],
    },
}
_BY_AGENT: dict[str, Any] = {"address": "+15550111", "channel": "VOICE", "participantId": AGENT_ID}
_TO_CUSTOMER: dict[str, Any] = {"address": "+15550100", "channel": "VOICE", "participantId": CUSTOMER_ID}
COMMUNICATION_REQUEST: dict[str, Any] = {
    "author": _BY_AGENT,
    "content": _SPOKEN,
    "channelId": CALL_SID,
    "resourceId": "voice_transcription_01k9v7a0b2c4d6e8f0g2h4j6k8:0",
    "recipients": [_TO_CUSTOMER],
    "occurredAt": "2026-03-02T09:30:01.250Z",
}
COMMUNICATION: dict[str, Any] = {
    "id": "conv_communication_01k9v7b2c4d6e8f0g2h4j6k8tv",
    **_OF_CONVERSATION,
    **COMMUNICATION_REQUEST,
    **_DATES,
}


def _list(key: str, row: dict[str, Any]) -> dict[str, Any]:
    return {key: [row], "meta": {"key": key, "pageSize": 50}}


BY_SCHEMA: dict[str, dict[str, Any]] = {
    "ConversationConfigurationRequest": CONFIGURATION_REQUEST,
    "ConversationConfigurationPatch": {"channelSettings": {"SMS": None}, "version": 1},
    "ConversationConfigurationResource": CONFIGURATION,
    "ConversationConfigurationList": _list("configurations", CONFIGURATION),
    "AcceptedOperation": ACCEPTED,
    "OperationResource": OPERATION,
    "ConversationRequest": CONVERSATION_REQUEST,
    "ConversationUpdate": {"name": "Tent order, answered", "status": "CLOSED", "metadata": {"order": "7741"}},
    "ConversationPatch": {"status": "INACTIVE", "metadata": {"order": None, "case": "12"}},
    "ConversationResource": CONVERSATION,
    "ConversationList": _list("conversations", CONVERSATION),
    "ConversationParticipantRequest": _CUSTOMER,
    "ConversationParticipantResource": PARTICIPANT,
    "ConversationParticipantList": _list("participants", PARTICIPANT),
    "CommunicationRequest": COMMUNICATION_REQUEST,
    "CommunicationResource": COMMUNICATION,
    "CommunicationList": _list("communications", COMMUNICATION),
}
