// Twilio's SDK as its users have it, with each of its hosts led to one callscribe server. All the scripts beside this
// one take the server and the account from the environment, and print what they were answered as one JSON document.
"use strict";

const { CALLSCRIBE_URL, ACCOUNT_SID, AUTH_TOKEN, TWILIO = "twilio" } = process.env;
const twilio = require(TWILIO);

class CallscribeRequestClient extends twilio.RequestClient {
  request(options) {
    const uri = options.uri.replace(/^https:\/\/[\w.-]+\.twilio\.com/, CALLSCRIBE_URL);
    return super.request({ ...options, uri });
  }
}

const client = twilio(ACCOUNT_SID, AUTH_TOKEN, { httpClient: new CallscribeRequestClient() });

async function eventually(look, { seconds = 120, interval = 250 } = {}) {
  const deadline = Date.now() + seconds * 1000;
  while (Date.now() < deadline) {
    const value = await look();
    if (value) return value;
    await new Promise((resolve) => setTimeout(resolve, interval));
  }
  throw new Error(`nothing came of it in ${seconds} s`);
}

const ended = (id) =>
  eventually(async () => {
    const job = await client.voice.v3.transcriptions(id).fetch();
    return ["COMPLETED", "FAILED"].includes(job.status) && job;
  });

// What the SDK throws, as far as a program may rely on it.
async function refused(request) {
  try {
    await request();
  } catch (error) {
    const { name, status, code, type, title, detail, errors, message } = error;
    return { name, status, code, type, title, detail, errors, message };
  }
  throw new Error("was not refused");
}

function main(walk) {
  walk().then(
    (result) => console.log(JSON.stringify(result)),
    (error) => {
      console.error(error);
      process.exitCode = 1;
    },
  );
}

module.exports = { client, ended, eventually, main, refused, twilio };
