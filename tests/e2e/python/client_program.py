"""What a program does that has Twilio's SDK and `callscribe_client`, and not the server's package.

It takes the server and the account from the environment, and prints what it was answered as one JSON document.
"""

import asyncio
import importlib.util
import json
import os
import sys

import twilio
from callscribe_client import AsyncCallscribeHttpClient, CallscribeHttpClient
from twilio.base.exceptions import TwilioException
from twilio.rest import Client

URL, SID, TOKEN = (os.environ[name] for name in ("CALLSCRIBE_URL", "ACCOUNT_SID", "AUTH_TOKEN"))
JSON = {"Content-Type": "application/json"}
OPTIONS = {"transcriptionEngine": "deepgram", "speechModel": "nova-3", "language": "en-US"}
CONFIGURATIONS = "https://voice.twilio.com/v2/Configurations/Transcription"
JOBS = "https://voice.twilio.com/v3/Transcriptions"


def job(configuration_id: str) -> dict:
    return {"transcriptionConfigurationId": configuration_id, "mediaUrl": "https://media.example.com/call.wav"}


def waiting() -> list:
    client = Client(SID, TOKEN, http_client=CallscribeHttpClient(URL, timeout=30))
    made = client.request("POST", CONFIGURATIONS, data={"configuration": OPTIONS}, headers=dict(JSON))
    created = client.request("POST", JOBS, data=job(json.loads(made.text)["id"]), headers=dict(JSON))
    listed = client.request("GET", JOBS, params={"pageSize": 1})
    key = client.new_keys.create(friendly_name="waits")
    keys = [each.friendly_name for each in client.keys.list()]
    gone = client.keys(key.sid).delete()
    try:
        client.keys(key.sid).fetch()
    except TwilioException as error:
        missing = error.status
    return [made.status_code, created.status_code, len(json.loads(listed.text)["transcriptions"]), keys, gone, missing]


async def not_waiting() -> list:
    async with AsyncCallscribeHttpClient(URL) as http_client:
        client = Client(SID, TOKEN, http_client=http_client)
        made = await client.request_async("POST", CONFIGURATIONS, data={"configuration": OPTIONS}, headers=dict(JSON))
        body = job(json.loads(made.text)["id"])
        created = await client.request_async("POST", JOBS, data=body, headers=dict(JSON))
        listed = await client.request_async("GET", JOBS, params={"pageSize": 1})
        key = await client.new_keys.create_async(friendly_name="waits")
        keys = [each.friendly_name for each in await client.keys.list_async()]
        gone = await client.keys(key.sid).delete_async()
        try:
            await client.keys(key.sid).fetch_async()
        except TwilioException as error:
            missing = error.status
    transcriptions = json.loads(listed.text)["transcriptions"]
    return [made.status_code, created.status_code, len(transcriptions), keys, gone, missing]


answers = {
    "twilio": twilio.__version__,
    "server's package": importlib.util.find_spec("callscribe") is not None,
    "waiting": waiting(),
    "not waiting": asyncio.run(not_waiting()),
}
sys.stdout.write(json.dumps(answers))
