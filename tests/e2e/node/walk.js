// A call's whole way: upload, recording configuration, automatic transcription, conversation.
"use strict";

const fs = require("node:fs");
const { client, ended, eventually, main, refused } = require("./client");

const { CALLSCRIBE_URL, ACCOUNT_SID, AUTH_TOKEN, RECORDING, CALL_SID, CUSTOMER, AGENT, STARTED } = process.env;

// Twilio records calls itself, so its SDK has no upload: this is plain HTTP.
async function upload() {
  const form = new FormData();
  const fields = { CallSid: CALL_SID, From: CUSTOMER, To: AGENT, Direction: "inbound", StartTime: STARTED, Channels: "2" };
  for (const [name, value] of Object.entries(fields)) form.set(name, value);
  form.set("Media", new Blob([fs.readFileSync(RECORDING)], { type: "audio/wav" }), "call.wav");
  const answer = await fetch(`${CALLSCRIBE_URL}/2010-04-01/Accounts/${ACCOUNT_SID}/Recordings.json`, {
    method: "POST",
    headers: { Authorization: `Basic ${Buffer.from(`${ACCOUNT_SID}:${AUTH_TOKEN}`).toString("base64")}` },
    body: form,
  });
  if (answer.status !== 201) throw new Error(`${answer.status} ${await answer.text()}`);
  return answer.json();
}

main(async () => {
  const { voice, conversations } = client;
  await conversations.v2.configurations.create({
    displayName: "Support calls",
    description: "One conversation for each customer and agent",
    conversationGroupingType: "GROUP_BY_PARTICIPANT_ADDRESSES",
  });
  const [conversationConfiguration] = await conversations.v2.configurations.list();
  const transcriptionConfiguration = await voice.v2.configurations("Transcription").create({
    configuration: {
      transcriptionEngine: "deepgram",
      speechModel: "nova-3",
      language: "en-US",
      conversationConfigurationId: conversationConfiguration.id,
      participantDefaults: [
        { audioChannelIndex: 1, type: "CUSTOMER" },
        { audioChannelIndex: 2, type: "HUMAN_AGENT" },
      ],
    },
  });
  const recordingConfiguration = await voice.v2.configurations("Recording").create({
    configuration: {
      configurationType: "Recording",
      compositionPolicy: { channels: "dual" },
      features: [{ type: "transcriptionConfiguration", featureId: transcriptionConfiguration.id }],
    },
  });
  // Not by `default.create`: it fails on the answer, a 204, whose body it takes for JSON.
  await client.request({
    method: "POST",
    uri: "https://voice.twilio.com/v2/Configurations/Recording/Default",
    headers: { "Content-Type": "application/json" },
    data: { configuration_id: recordingConfiguration.id },
  });

  const uploaded = await upload();
  const [queued] = await eventually(async () => {
    const found = await voice.v3.transcriptions.list({ sourceId: uploaded.sid });
    return found.length > 0 && found;
  });
  const job = await ended(queued.id);
  const { conversationId } = job.transcription;
  const communications = await conversations.v2.communications(conversationId).list();
  const participants = await conversations.v2.participants(conversationId).list();
  const transcript = await client.request({
    method: "GET",
    uri: `https://voice.twilio.com/v3/Transcriptions/${queued.id}/Transcript.json`,
  });
  return {
    uploaded,
    default: (await voice.v2.configurations("Recording").default.fetch()).id,
    recordingConfiguration: recordingConfiguration.id,
    configuration: { id: transcriptionConfiguration.id, conversation: conversationConfiguration.id },
    job: job.toJSON(),
    transcript: typeof transcript.body === "string" ? JSON.parse(transcript.body) : transcript.body,
    recording: (await client.recordings(uploaded.sid).fetch()).toJSON(),
    recordings: (await client.recordings.list({ callSid: CALL_SID, limit: 20 })).map((item) => item.sid),
    call: (await client.calls(CALL_SID).fetch()).toJSON(),
    conversation: (await conversations.v2.conversations(conversationId).fetch()).toJSON(),
    conversations: (await conversations.v2.conversations.list({ channelId: CALL_SID })).map((item) => item.id),
    closed: (await conversations.v2.conversations.list({ status: ["CLOSED"] })).map((item) => item.id),
    participants: participants.map((item) => item.toJSON()),
    communications: communications.map((item) => item.toJSON()),
    first: (await conversations.v2.communications(conversationId, communications[0].id).fetch()).toJSON(),
    noRecording: await refused(() => client.recordings(`RE${"0".repeat(32)}`).fetch()),
    noConversation: await refused(() => conversations.v2.conversations(`conv_conversation_${"0".repeat(26)}`).fetch()),
  };
});
