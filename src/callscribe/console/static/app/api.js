// The public API, as a browser that is signed in asks it.

export const SIGNED_OUT = "signed-out";
/** An event of `window`: the session is over. */

/** What the server says against a request: `status`, and the sentence for people as its message. */
class Refusal extends Error {
  constructor(status, problem) {
    super(problem.detail ?? problem.message ?? `The server answered ${status}.`);
    this.status = status;
    this.code = problem.code;
    /** Of fields of the body: `pointer`, and `detail` for people. */
    this.errors = problem.errors ?? problem.details?.errors ?? [];
  }
}

const HEADERS = { "X-Requested-With": "fetch" };

/** Ask the API, with a body in JSON, or a form where it is `URLSearchParams`; its answer as JSON, null where it has none. */
export async function ask(path, { method = "GET", body, signal } = {}) {
  const isForm = body instanceof URLSearchParams;
  const answer = await fetch(path, {
    method,
    signal,
    headers: body === undefined || isForm ? HEADERS : { ...HEADERS, "Content-Type": "application/json" },
    body: body === undefined || isForm ? body : JSON.stringify(body),
  });
  if (!answer.ok) throw await refusalOf(answer);
  return answer.status === 204 ? null : answer.json();
}

async function refusalOf(answer) {
  const refusal = new Refusal(answer.status, await answer.json().catch(() => ({})));
  if (refusal.status === 401) window.dispatchEvent(new Event(SIGNED_OUT));
  return refusal;
}

/** The path of a collection or resource with a query; members that are null, undefined or "" are left out. */
export function address(path, query = {}) {
  const given = Object.entries(query).filter(([, value]) => value !== null && value !== undefined && value !== "");
  const text = new URLSearchParams(given).toString();
  return text ? `${path}?${text}` : path;
}

export const transcriptionPath = (id, part = "") => `/v3/Transcriptions/${encodeURIComponent(id)}${part}`;

/** Follow a job's events until it has ended: calls `tell(event, transcription)` for each. */
export async function follow(id, tell, signal) {
  const answer = await fetch(transcriptionPath(id, "/Events"), { headers: HEADERS, signal });
  if (!answer.ok) throw await refusalOf(answer);
  const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    text += value.replaceAll("\r\n", "\n");
    const blocks = text.split("\n\n");
    text = blocks.pop();
    for (const block of blocks) tellBlock(block, tell);
  }
}

function tellBlock(block, tell) {
  const fields = Object.fromEntries(block.split("\n").map((line) => line.split(/: ?(.*)/s, 2)));
  if (fields.event && fields.data) tell(fields.event, JSON.parse(fields.data));
}

/** Upload a recording, with progress from 0 to 1; its resource. */
export function upload(accountSid, file, query, progress, signal) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest(); // fetch does not tell how far it is
    request.open("POST", address(`/2010-04-01/Accounts/${accountSid}/Recordings.json`, query));
    request.setRequestHeader("Content-Type", file.type || "application/octet-stream");
    request.setRequestHeader("X-Requested-With", "fetch");
    request.upload.onprogress = (event) => progress(event.loaded / Math.max(1, event.total));
    request.onload = () => {
      const answer = parsed(request.responseText);
      if (request.status === 201) resolve(answer);
      else reject(new Refusal(request.status, answer));
    };
    request.onerror = () => reject(new Error("The upload broke off."));
    request.onabort = () => reject(new DOMException("", "AbortError"));
    signal?.addEventListener("abort", () => request.abort());
    request.send(file);
  });
}

function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return {};
  }
}
