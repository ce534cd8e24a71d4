// Whether the SDK's validator believes a callback: its address, body and signature come on the standard input.
"use strict";

const fs = require("node:fs");
const { main, twilio } = require("./client");

main(async () => {
  const { url, body, signature } = JSON.parse(fs.readFileSync(0, "utf8"));
  const { AUTH_TOKEN } = process.env;
  return {
    genuine: twilio.validateRequestWithBody(AUTH_TOKEN, signature, url, body),
    tampered: twilio.validateRequestWithBody(AUTH_TOKEN, signature, url, `${body} `),
    foreign: twilio.validateRequestWithBody("another token", signature, url, body),
  };
});
