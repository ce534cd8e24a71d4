// From a media URL to a transcript: configuration, transcription, fetch, lists, and what is refused.
"use strict";

const { client, ended, main, refused } = require("./client");

const { MEDIA_URL, CALLBACK_URL } = process.env;

main(async () => {
  const configurations = client.voice.v2.configurations("Transcription");
  const configuration = await configurations.create({
    configuration: {
      transcriptionEngine: "deepgram",
      speechModel: "nova-3",
      language: "en-US",
      transcriptionStatusCallback: { url: CALLBACK_URL, method: "POST" },
      participantDefaults: [
        { audioChannelIndex: 1, type: "CUSTOMER" },
        { audioChannelIndex: 2, type: "HUMAN_AGENT" },
      ],
    },
  });
  const transcriptions = client.voice.v3.transcriptions;
  const body = { transcriptionConfigurationId: configuration.id, mediaUrl: MEDIA_URL };
  const created = await transcriptions.create(body, { "Idempotency-Key": "one" });
  const { id } = created.transcription;
  const job = await ended(id);
  const more = [];
  for (let number = 0; number < 4; number += 1) {
    more.push((await transcriptions.create({ ...body, mediaUrl: `${MEDIA_URL}?again=${number}` })).transcription.id);
  }
  const firstPage = await transcriptions.page({ pageSize: 2 });
  const secondPage = await firstPage.nextPage();
  const each = [];
  await new Promise((resolve) => {
    transcriptions.each({ pageSize: 2, callback: (item) => each.push(item.id), done: resolve });
  });
  const since = new Date("2020-01-01T00:00:00Z");
  const answer = await client.request({
    method: "GET",
    uri: `https://voice.twilio.com/v3/Transcriptions/${id}/Transcript.json`,
  });
  return {
    configurationId: configuration.id,
    created: created.toJSON(),
    job: job.toJSON(),
    id,
    more,
    pages: [firstPage, secondPage].map((page) => page.instances.map((item) => item.id)),
    each,
    all: (await transcriptions.list()).map((item) => item.id),
    limited: (await transcriptions.list({ limit: 3 })).map((item) => item.id),
    completed: (await transcriptions.list({ status: "COMPLETED", createdAfter: since })).map((item) => item.id),
    german: (await transcriptions.list({ languageCode: "de-DE" })).map((item) => item.id),
    early: (await transcriptions.list({ createdBefore: since })).map((item) => item.id),
    transcript: typeof answer.body === "string" ? JSON.parse(answer.body) : answer.body,
    badUrl: await refused(() => transcriptions.create({ ...body, mediaUrl: "ftp://media.example.com/1.wav" })),
    missing: await refused(() => transcriptions(`voice_transcription_${"0".repeat(26)}`).fetch()),
    missingConfiguration: await refused(() => client.voice.v2.transcription("no-such-name").fetch()),
  };
});
