// Requests as programs make them, to be copied: with the address of this server, and never with a secret.

const MEDIA = "https://example.com/call.wav";
const CONFIGURATIONS = "/v2/Configurations/Transcription";

export const LANGUAGES = ["curl", "Python", "Node"];

const json = (value) => JSON.stringify(value, null, 2);
const shell = (text) => `'${text.replaceAll("'", `'\\''`)}'`;

/** A value of JSON as Python writes it; strings are the same. */
function python(value, indent = "") {
  const deeper = `${indent}    `;
  const lines = (open, each, close) => (each.length ? `${open}\n${each.map((line) => `${deeper}${line},\n`).join("")}${indent}${close}` : open + close);
  if (Array.isArray(value)) return lines("[", value.map((each) => python(each, deeper)), "]");
  if (value === null) return "None";
  if (typeof value === "boolean") return value ? "True" : "False";
  if (typeof value !== "object") return JSON.stringify(value);
  return lines("{", Object.entries(value).map(([name, each]) => `${JSON.stringify(name)}: ${python(each, deeper)}`), "}");
}

function curl(account, path, body) {
  return `curl -u "${account}:$CALLSCRIBE_AUTH_TOKEN" ${shell(location.origin + path)} \\
  -H 'Content-Type: application/json' -d ${shell(json(body))}`;
}

const pythonClient = (account) => `import os

from twilio.rest import Client

from callscribe.twilio import CallscribeHttpClient  # or callscribe_client, from clients/python

client = Client(
    "${account}",
    os.environ["CALLSCRIBE_AUTH_TOKEN"],
    http_client=CallscribeHttpClient("${location.origin}"),
)
`;

const nodeClient = (account) => `const twilio = require("twilio");

class CallscribeRequestClient extends twilio.RequestClient {
  request(options) {
    const uri = options.uri.replace(/^https:\\/\\/[\\w.-]+\\.twilio\\.com/, "${location.origin}");
    return super.request({ ...options, uri });
  }
}

const client = twilio("${account}", process.env.CALLSCRIBE_AUTH_TOKEN, { httpClient: new CallscribeRequestClient() });
`;

/** How to have a recording transcribed by a configuration, named by its id or unique name. */
export function transcribing(language, account, configuration) {
  const body = { transcriptionConfigurationId: configuration, mediaUrl: MEDIA };
  if (language === "curl") return curl(account, "/v3/Transcriptions", body);
  if (language === "Python")
    return `${pythonClient(account)}
transcriptions = client.voice.v3.transcriptions
created = transcriptions.create(transcriptions.CreateV3TranscriptionsRequest(${python(body)}))
print(created.transcription["id"])
`;
  return `${nodeClient(account)}
client.voice.v3.transcriptions.create(${json(body)}).then((created) => console.log(created.transcription.id));
`;
}

/** How to make the same configuration elsewhere. By `request`, since the SDKs leave out members that they do not know. */
export function creating(language, account, given) {
  const body = JSON.parse(json(given)); // less what is undefined
  if (language === "curl") return curl(account, CONFIGURATIONS, body);
  const url = `https://voice.twilio.com${CONFIGURATIONS}`;
  if (language === "Python")
    return `${pythonClient(account)}
configuration = ${python(body)}
answer = client.request(
    "POST",
    "${url}",
    data=configuration,
    headers={"Content-Type": "application/json"},
)
print(answer.status_code, answer.text)
`;
  return `${nodeClient(account)}
const configuration = ${json(body)};
client
  .request({
    method: "POST",
    uri: "${url}",
    headers: { "Content-Type": "application/json" },
    data: configuration,
  })
  .then((answer) => console.log(answer.statusCode, answer.body));
`;
}
