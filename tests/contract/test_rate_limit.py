from contextlib import closing
from pathlib import Path

import pytest
from twilio.base.exceptions import TwilioServiceException

from callers import Front
from callscribe.accounts.service import Credentials
from callscribe.ids import new_transcription_id
from harness import ACCOUNT_SID, AUTH_TOKEN, running


def test_too_many_requests_told_to_wait(tmp_path: Path) -> None:
    with (
        running(tmp_path / "data", command="api", CALLSCRIBE_RATE_LIMIT="2/hour") as server,
        closing(Front(server)) as front,
    ):
        caller = front.caller(Credentials(ACCOUNT_SID, AUTH_TOKEN))
        client = caller.twilio
        for _ in range(2):
            assert client.voice.v3.transcriptions.list() == []
        with pytest.raises(TwilioServiceException) as refused:
            client.voice.v3.transcriptions(new_transcription_id()).fetch()
        assert (refused.value.status, refused.value.code) == (429, 20429)
        answer = caller.http.get("/v3/Transcriptions")
        assert 1 <= int(answer.headers["Retry-After"]) <= 3600
        assert caller.http.get("/healthz").status_code == 200
