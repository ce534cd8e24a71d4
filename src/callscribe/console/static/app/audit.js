// The audit log: who read, changed, exported or deleted what, and who tried to get in.
import { address, ask } from "./api.js";
import { html, useEffect, useState } from "./html.js";
import { accessPath, auditPath, callPath, configurationPath, go } from "./router.js";

const PATH = "/v3/Audit";
const PAGE_SIZE = 50;
const NAMED = 200; // keys that are shown by their names: the newest

/** Actions of the API in words, by what kind of thing they are done to. */
const ACTIONS = {
  Calls: {
    "transcript.read": "read a transcript",
    "transcript.exported": "exported a transcript",
    "transcript.corrected": "corrected a transcript",
    "media.read": "heard a recording",
    "original.read": "read what was redacted",
    "calls.searched": "searched in calls",
    "keyterms.read": "read suggested keyterms",
    "transcription.created": "had a call transcribed",
    "transcription.deleted": "deleted a call",
    "callback.sent_again": "sent a callback again",
    "recording.created": "brought a recording",
    "recording.deleted": "deleted a recording",
    "call.deleted": "deleted what is known of a call",
  },
  Conversations: {
    "conversation.read": "read a conversation",
    "conversation.created": "opened a conversation",
    "conversation.changed": "changed a conversation",
    "conversation.deleted": "deleted a conversation",
  },
  Configurations: {
    "configuration.created": "made a configuration",
    "configuration.changed": "changed a configuration",
    "configuration.deleted": "deleted a configuration",
    "model.pulled": "got a model",
    "evaluation.read": "looked at an evaluation",
    "evaluation.deleted": "deleted an evaluation",
  },
  Access: {
    "sign_in.done": "signed in",
    "sign_in.ended": "signed out",
    "sign_in.failed": "was refused: wrong token or secret",
    "sign_in.blocked": "was refused too often",
    "key.created": "made an API key",
    "key.changed": "renamed an API key",
    "key.revoked": "revoked an API key",
    "token.changed": "changed the auth token",
    "account.created": "made the account",
    "account.changed": "changed limits or retention",
    "audit.read": "looked at the audit log",
  },
};
const WORDS = Object.assign({}, ...Object.values(ACTIONS));
const WAYS = { token: "auth token", key: "API key", session: "browser", command: "command line", program: "by itself", none: "not let in" };

const EXACT = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "medium" });

/** When a day begins for the reader; undefined where it is none. */
function beginning(day, later = 0) {
  const start = new Date(`${day}T00:00`);
  if (isNaN(start)) return undefined;
  start.setDate(start.getDate() + later);
  return start.toISOString();
}

const linkOf = (subject) =>
  subject.startsWith("voice_transcription_") ? callPath(subject) : subject.startsWith("voice_transcriptionconfiguration_") ? configurationPath(subject) : null;

export function Audit({ session, query }) {
  const [list, setList] = useState(null);
  const [names, setNames] = useState({});
  const [problem, setProblem] = useState("");
  useEffect(() => {
    const keys = address(`/2010-04-01/Accounts/${session.accountSid}/Keys.json`, { PageSize: NAMED });
    ask(keys).then((found) => setNames(Object.fromEntries(found.keys.map((key) => [key.sid, key.friendly_name]))), () => null);
  }, []);
  const path = address(PATH, {
    pageSize: PAGE_SIZE,
    action: query.action,
    actor: query.actor,
    subject: query.subject,
    createdAfter: query.after && beginning(query.after),
    createdBefore: query.before && beginning(query.before, 1),
    pageToken: query.page,
  });
  const look = () =>
    ask(path).then(
      (found) => {
        setProblem("");
        setList(found);
      },
      (error) => setProblem(error.message),
    );
  useEffect(() => {
    document.title = "Audit log · callscribe";
    look();
  }, [path]);
  const narrow = (change) => go(address(auditPath, { ...query, page: undefined, ...change }), { replace: true });
  const find = (event) => {
    event.preventDefault();
    const { actor, subject } = event.target.elements;
    narrow({ actor: actor.value.trim(), subject: subject.value.trim() });
  };
  const isFiltered = Object.keys(query).length > 0;
  return html`
    <div class="head"><h1>Audit log</h1><button type="button" onClick=${look}>Look again</button></div>
    <p class="hint">Who did what in this account; nothing of what was said, and no secret. Keys are on the page <a href=${accessPath}>Access</a>.</p>
    <form class="filters" role="search" onSubmit=${find}>
      <label for="action">What</label>
      <select id="action" value=${query.action ?? ""} onChange=${(event) => narrow({ action: event.target.value })}>
        <option value="">all</option>
        ${Object.entries(ACTIONS).map(([kind, actions]) => html`
          <optgroup label=${kind}>${Object.entries(actions).map(([action, words]) => html`<option value=${action}>${words}</option>`)}</optgroup>`)}
      </select>
      <label>Who <input name="actor" key=${query.actor} defaultValue=${query.actor ?? ""} placeholder="SID, or operator" size="18" spellcheck=${false} autocomplete="off" /></label>
      <label>To what <input name="subject" key=${query.subject} defaultValue=${query.subject ?? ""} placeholder="id" size="18" spellcheck=${false} autocomplete="off" /></label>
      <label>From <input type="date" value=${query.after ?? ""} onChange=${(event) => narrow({ after: event.target.value })} /></label>
      <label>To <input type="date" value=${query.before ?? ""} onChange=${(event) => narrow({ before: event.target.value })} /></label>
      <button type="submit">Find</button>
    </form>
    ${problem && html`<p class="problem" role="alert">${problem}</p>`}
    ${list === null && !problem && html`<p class="loading" role="status">Loading …</p>`}
    ${list?.events.length === 0 && html`<p class="empty">${isFiltered ? html`Nothing fits. <a href=${auditPath}>Show all</a>` : "There is nothing yet."}</p>`}
    ${list?.events.length > 0 && html`
      <div class="table" tabindex="0" role="region" aria-label="Audit log">
        <table>
          <thead><tr><th>When</th><th>Who</th><th>What</th><th>To what</th><th>From where</th></tr></thead>
          <tbody>${list.events.map((each) => html`<${Line} key=${each.id} line=${each} session=${session} names=${names} narrow=${narrow} />`)}</tbody>
        </table>
      </div>
      <nav class="pages" aria-label="Pages of the log">
        ${list.meta.previousToken && html`<a href=${address(auditPath, { ...query, page: list.meta.previousToken })}>← Newer</a>`}
        ${list.meta.nextToken && html`<a href=${address(auditPath, { ...query, page: list.meta.nextToken })}>Older →</a>`}
      </nav>`}
  `;
}

function Line({ line, session, names, narrow }) {
  const who = line.actor === session.accountSid ? "the account" : names[line.actor] || line.actor;
  const href = line.subject && linkOf(line.subject);
  return html`
    <tr class=${line.action.startsWith("sign_in.failed") || line.action === "sign_in.blocked" ? "wrong" : ""}>
      <td><time datetime=${line.createdAt}>${EXACT.format(new Date(line.createdAt))}</time></td>
      <td class="title">
        <button type="button" class="time" title="Only what this one did" onClick=${() => narrow({ actor: line.actor })}>${who}</button>
        <div class="faint">${WAYS[line.way] ?? line.way}${who !== line.actor && names[line.actor] && html` · ${line.actor}`}</div>
      </td>
      <td>${WORDS[line.action] ?? line.action}<div class="faint">${detailOf(line.detail)}</div></td>
      <td class="title">${line.subject && (href ? html`<a href=${href}>${line.subject}</a>` : line.subject)}
        ${line.subject && html`<div><button type="button" class="time" title="Only what was done to this" onClick=${() => narrow({ subject: line.subject })}>all of it</button></div>`}</td>
      <td>${line.address}</td>
    </tr>
  `;
}

const detailOf = (detail) =>
  Object.entries(detail ?? {})
    .map(([name, value]) => `${name} ${Array.isArray(value) ? value.join(", ") : typeof value === "object" && value !== null ? JSON.stringify(value) : value}`)
    .join(" · ");
