// Times, names and sizes as people read them.

/** Seconds as `1:02` or `1:02:03`. */
export function clock(seconds) {
  const whole = Math.max(0, Math.floor(seconds));
  const [hours, minutes, rest] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  const two = (number) => String(number).padStart(2, "0");
  return hours ? `${hours}:${two(minutes)}:${two(rest)}` : `${minutes}:${two(rest)}`;
}

const MOMENT = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });

/** An instant of the API in the reader's zone. */
export const moment = (iso) => MOMENT.format(new Date(iso));

/** What a role of the API is called. */
export const ROLES = { CUSTOMER: "Customer", HUMAN_AGENT: "Agent", AI_AGENT: "AI agent" };

/** Who a participant is: the name, else the role, else the channel. */
export function nameOf(participant) {
  return participant.name || ROLES[participant.type] || participant.address || `Channel ${participant.audioChannelIndex}`;
}

/** What a call is called in a list. */
export function titleOf(transcription) {
  if (transcription.title) return transcription.title;
  const who = transcription.participants.map(nameOf).join(" · ");
  return who || fileOf(transcription.mediaUrl) || transcription.sourceId || transcription.id;
}

function fileOf(mediaUrl) {
  return mediaUrl ? decoded(new URL(mediaUrl).pathname.split("/").pop() ?? "") : "";
}

/** A part of an address as text; as it stands there where that is none, `100%.wav`, say. */
export function decoded(part) {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

const LANGUAGES = new Intl.DisplayNames(undefined, { type: "language" });

/** A language's name: of `en-US`, of `multi`, of a code that is no locale. */
export function languageName(code) {
  if (code === "multi") return "Detected";
  try {
    return LANGUAGES.of(code) ?? code;
  } catch {
    return code;
  }
}

/** A share from 0 to 1. */
export const percent = (share) => `${Math.round(100 * share)} %`;
