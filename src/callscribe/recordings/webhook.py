"""HTTP: `/webhooks/recording-status`, where a Twilio account tells that a recording is completed.

https://www.twilio.com/docs/voice/api/recording#recordingstatuscallback
"""

from typing import Annotated, Any
from urllib.parse import parse_qsl

import structlog
from fastapi import APIRouter, Depends, Request, Response
from fastapi.security import APIKeyHeader

from callscribe.callbacks.signing import is_signed_form
from callscribe.db.engine import Database
from callscribe.durable.queues import Queue, WorkQueue
from callscribe.errors import Code, RequestError
from callscribe.ids import RECORDING_SID
from callscribe.recordings.reading import ReadingThrough
from callscribe.recordings.tables import COMPLETED
from callscribe.settings import Settings
from callscribe.waiting import DATABASE
from callscribe.web.application import of_application
from callscribe.web.problems import problem_responses
from callscribe.web.urls import BaseUrl

PATH = "/webhooks/recording-status"

_FIELDS = {
    "AccountSid": "The Twilio account.",
    "CallSid": "The call that was recorded.",
    "RecordingSid": "The recording.",
    "RecordingUrl": "Where it is. Not looked at: the recording is asked for by its SID.",
    "RecordingStatus": "Only `completed` has consequences.",
    "RecordingDuration": "Seconds.",
    "RecordingChannels": "1 or 2.",
    "RecordingSource": "How it was made.",
    "RecordingStartTime": "When its audio began.",
}
_FORM = {
    "required": True,
    "content": {
        "application/x-www-form-urlencoded": {
            "schema": {
                "type": "object",
                "required": ["AccountSid", "RecordingSid", "RecordingStatus"],
                "properties": {name: {"type": "string", "description": text} for name, text in _FIELDS.items()},
            }
        }
    },
}

_log = structlog.get_logger(__name__)
_signature = APIKeyHeader(
    name="X-Twilio-Signature",
    scheme_name="TwilioSignature",
    description="Base64 of the HMAC-SHA1 of URL and form, with the Twilio account's auth token.",
    auto_error=False,
)


class RecordingWebhook:
    """Takes notices of a Twilio account and queues what follows."""

    def __init__(self, database: Database, queue: WorkQueue, reading: ReadingThrough, settings: Settings) -> None:
        self._database = database
        self._queue = queue
        self._reading = reading
        self._auth_token = settings.twilio_auth_token

    def accept(self, url: str, body: bytes, signature: str | None, base_url: str) -> None:
        """Check a notice and have its recording read through. The same notice again changes nothing.

        `url` is the address that Twilio was told, `body` the form as it came.

        Raises:
            RequestError: 20404, there is no Twilio account; 20403, it is not signed by it; 20001, it is no notice.
        """
        twilio, account_sid = self._reading.twilio, self._reading.account()
        if twilio is None or account_sid is None or self._auth_token is None:
            detail = "To take notices, set CALLSCRIBE_TWILIO_ACCOUNT_SID and CALLSCRIBE_TWILIO_AUTH_TOKEN."
            raise RequestError(Code.NOT_FOUND, detail)
        form = parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True)
        if not is_signed_form(signature or "", url, form, self._auth_token.get_secret_value()):
            _log.warning("webhook.refused", server=base_url)  # less the query, which may have a secret in it
            detail = f"X-Twilio-Signature is not right for {url}; is that the address that Twilio was told?"
            raise RequestError(Code.FORBIDDEN, detail)
        fields = dict(form)
        if fields.get("AccountSid") != twilio.sid:
            raise RequestError(Code.FORBIDDEN, "AccountSid is not that of CALLSCRIBE_TWILIO_ACCOUNT_SID.")
        recording_sid = fields.get("RecordingSid", "")
        if not RECORDING_SID.fullmatch(recording_sid):
            detail = "RecordingSid: must be RE and 32 hexadecimal digits"
            raise RequestError.at("/RecordingSid", Code.INVALID_PARAMETER, detail)
        if fields.get("RecordingStatus") != COMPLETED:
            return
        with self._database.write() as session:
            self._queue.enqueue(
                session,
                Queue.READING,
                "ReadingWorkflows.read_through",
                f"read_{account_sid}_{recording_sid}",
                account_sid,
                account_sid,
                recording_sid,
                base_url,
            )


router = APIRouter(tags=["Recordings"])


def _responses() -> dict[int | str, dict[str, Any]]:
    responses = problem_responses(400, 403, 404, 413)
    return {status: each for status, each in responses.items() if status not in {401, 429}}


@router.post(
    PATH,
    status_code=204,
    summary="Take a recording status callback",
    responses=_responses(),
    openapi_extra={"requestBody": _FORM},
)
async def recording_status(
    request: Request,
    webhook: Annotated[RecordingWebhook, of_application("recording_webhook")],
    signature: Annotated[str | None, Depends(_signature)],
    base_url: BaseUrl,
) -> Response:
    """Twilio's notice that a recording is completed: it is read through, and transcribed as the account's recording
    configuration asks. An outage of Twilio delays that; it loses nothing.

    Point `recordingStatusCallback` of a number, a call or a `<Dial>` here.
    """  # noqa: D205  it is the description in the API's reference
    query = request.scope["query_string"].decode("latin-1")
    url = f"{base_url}{PATH}" + (f"?{query}" if query else "")
    await DATABASE.run(webhook.accept, url, await request.body(), signature, base_url)
    return Response(status_code=204)
