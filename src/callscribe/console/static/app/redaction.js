// What was taken out of a call: labels in its text, and what a configuration may ask for.

/** The kinds of secrets, by the names that the API and the labels have, as people call them. */
export const ENTITIES = {
  CARD_NUMBER: "card number",
  CARD_CVV: "card security code",
  CARD_EXPIRY: "card expiry date",
  PIN: "PIN",
  BANK_ACCOUNT: "bank account",
  NATIONAL_ID: "national id",
  TAX_ID: "tax number",
  PHONE_NUMBER: "phone number",
  EMAIL_ADDRESS: "e-mail address",
  DATE_OF_BIRTH: "date of birth",
  ADDRESS: "postal address",
  NAME: "name",
  USERNAME: "user name",
  PASSWORD: "password",
  HEALTH_NUMBER: "health number",
  VEHICLE_PLATE: "vehicle plate",
};

const LABEL = new RegExp(`^(.*?)\\[(${[...Object.keys(ENTITIES), "PII"].join("|")})\\](.*)$`, "s");

/** A word that is a label, as what stands in front of it, what it stands for, and what stands behind it; else null. */
export function labelled(text) {
  const found = LABEL.exec(text);
  return found && { before: found[1], what: ENTITIES[found[2]] ?? "redacted", after: found[3] };
}

/** What a call's configuration asks for; null where nothing is taken out. */
export function redactionOf(call) {
  const asked = call?.resolvedConfiguration.redaction;
  return asked && asked.policy !== "none" ? asked : null;
}

/** The words of a transcript that are labels, each with its sentence's channel, from 1. */
export function barsOf(transcript) {
  return transcript.sentences.flatMap(({ audioChannelIndex, words }) =>
    words
      .filter((word) => labelled(word.text))
      .map((word) => ({ audioChannelIndex, startTimeSeconds: word.startTimeSeconds, endTimeSeconds: word.endTimeSeconds })),
  );
}
