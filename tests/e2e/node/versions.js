// What every version of the SDK can do: requests to any path, as JSON, and resources of 2010, as forms.
"use strict";

const { client, main, refused } = require("./client");

const headers = { "Content-Type": "application/json" };
const post = (path, data) => client.request({ method: "POST", uri: `https://voice.twilio.com${path}`, headers, data });
const read = ({ body }) => (typeof body === "string" ? JSON.parse(body) : body);

main(async () => {
  const configuration = { transcriptionEngine: "deepgram", speechModel: "nova-3", language: "en-US" };
  const made = await post("/v2/Configurations/Transcription", { configuration });
  const created = await post("/v3/Transcriptions", {
    transcriptionConfigurationId: read(made).id,
    mediaUrl: "https://media.example.com/call.wav",
  });
  const key = await client.newKeys.create({ friendlyName: "any version" });
  const keys = (await client.keys.list()).map((each) => each.friendlyName);
  const gone = await client.keys(key.sid).remove();
  const missing = await refused(() => client.keys(key.sid).fetch());
  return { statuses: [made.statusCode, created.statusCode, missing.status], keys, gone };
});
