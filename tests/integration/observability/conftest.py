"""One server with all that can be seen of it: logs at their finest, metrics, traces; and one job with a callback."""

from collections.abc import Iterator
from importlib.resources import files

import pytest

from harness import Receiver, running
from media_server import MediaServer, body
from observed import CALLER_SPAN, METRICS_TOKEN, REQUEST_ID, SECRET_PATH, TRACE_ID, Collector, Seen

CALL = files("callscribe.demo").joinpath("call.wav").read_bytes()


@pytest.fixture(scope="session")
def seen(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Seen]:
    collector, receiver, media = Collector(), Receiver(answers=[500, 200]), MediaServer()
    media.paths[SECRET_PATH] = body(CALL)
    with collector.listening(), receiver.listening(), media.running():
        options = {
            "CALLSCRIBE_LOG_LEVEL": "debug",
            "CALLSCRIBE_METRICS_TOKEN": METRICS_TOKEN,
            "OTEL_EXPORTER_OTLP_ENDPOINT": collector.url,
            "OTEL_BSP_SCHEDULE_DELAY": "200",
        }
        with running(tmp_path_factory.mktemp("observed") / "data", **options) as server:
            configuration = server.configure(
                transcriptionStatusCallback={"url": f"{receiver.url}/hook?key=secret-of-the-callback", "method": "POST"}
            )
            with server.client() as client:
                answer = client.post(
                    "/v3/Transcriptions",
                    json={
                        "transcriptionConfigurationId": configuration,
                        "mediaUrl": media.url(f"{SECRET_PATH}?token=secret-of-the-query"),
                    },
                    headers={"X-Request-Id": REQUEST_ID, "traceparent": f"00-{TRACE_ID}-{CALLER_SPAN}-01"},
                )
            assert answer.status_code == 202, answer.text
            transcription_id = answer.json()["transcription"]["id"]
            ended = server.ended(transcription_id)
            assert ended["status"] == "COMPLETED", server.output()[-4000:]
            receiver.wait(2)
            transcript = server.transcript(transcription_id)
            words = [word["text"] for sentence in transcript["sentences"] for word in sentence["words"]]
            yield Seen(server, collector, receiver, media, ended, dict(answer.headers), words)
