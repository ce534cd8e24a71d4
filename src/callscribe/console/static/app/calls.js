// The list of calls: live, filtered, searched; recordings are dropped on it.
import { address, ask, transcriptionPath } from "./api.js";
import { clock, languageName, moment, nameOf, percent, titleOf } from "./format.js";
import { html, useEffect, useState } from "./html.js";
import { usePolled } from "./polling.js";
import { may } from "./roles.js";
import { callPath, callsPath, go } from "./router.js";
import { Dropped } from "./upload.js";

const PAGE_SIZE = 50;
const FOUND = 20; // calls of a page of a search, each with several places
const BUSY_EVERY = 1500; // milliseconds between two looks while something is being worked on
const IDLE_EVERY = 10000;
const LANGUAGES =
  "en-US en-GB en-AU de-DE fr-FR it-IT es-MX es-ES es-US pt-BR pt-PT nl-NL no-NO pl-PL sv-SE da-DK multi".split(" ");

/** By what the address says, what the API is asked for; without it, the newest come first. */
const ORDERS = {
  oldest: { by: "createdAt", order: "asc" },
  longest: { by: "duration", order: "desc" },
  shortest: { by: "duration", order: "asc" },
};

const isAtWork = (call) => call.status === "PENDING" || call.status === "RUNNING";

/** When a day begins for the reader; undefined where it is none. */
function beginning(day) {
  const start = new Date(`${day}T00:00`);
  return isNaN(start) ? undefined : start.toISOString();
}

/** The page of the list that `query` says. */
function useCalls(query) {
  const order = query.q ? undefined : ORDERS[query.order]; // what is found comes newest first
  const path = address("/v3/Transcriptions", {
    pageSize: query.q ? FOUND : PAGE_SIZE,
    search: query.q,
    status: query.status,
    languageCode: query.language,
    createdAfter: query.after && beginning(query.after),
    orderBy: order?.by,
    order: order?.order,
    pageToken: query.page,
  });
  return usePolled(path, (found) => (found?.transcriptions.some(isAtWork) ? BUSY_EVERY : IDLE_EVERY));
}

export function Calls({ session, query }) {
  return may(session, "read") ? html`<${List} session=${session} query=${query} />` : html`<${Adding} session=${session} />`;
}

function Add({ setFiles }) {
  return html`
    <label class="button primary">
      Add recordings
      <input type="file" multiple accept="audio/*,video/*,.wav,.mp3,.gsm,.amr,.au" class="unseen"
        onChange=${(event) => { setFiles([...event.target.files]); event.target.value = ""; }} />
    </label>`;
}

/** For who may bring recordings at most, and read none. */
function Adding({ session }) {
  const [files, setFiles] = useState([]);
  const [said, setSaid] = useState("");
  useEffect(() => {
    document.title = "Calls · callscribe";
  }, []);
  const canAdd = may(session, "submit");
  return html`
    ${canAdd && html`<${Dropped} session=${session} files=${files} setFiles=${setFiles} changed=${() => setSaid("It is on its way.")} />`}
    <div class="head"><h1>Calls</h1>${canAdd && html`<${Add} setFiles=${setFiles} />`}</div>
    <p class="notice">Calls are shown to those with the role Read.${canAdd && " You may add recordings."}</p>
    <p class="said" role="status">${said}</p>
  `;
}

function List({ session, query }) {
  const { found: list, problem, look } = useCalls(query);
  const [selected, setSelected] = useState(new Set());
  const [files, setFiles] = useState([]);
  const [said, setSaid] = useState("");
  const canAdd = may(session, "submit");
  const filtered = Boolean(query.q || query.status || query.language || query.after || query.page);
  const narrow = (change) => go(address(callsPath, { ...query, page: undefined, ...change }), { replace: true });
  const find = (q) => narrow({ q, order: q ? undefined : query.order });
  const calls = list?.transcriptions ?? [];
  useEffect(() => {
    document.title = "Calls · callscribe";
  }, []);

  const each = async (ids, act, done) => {
    const refused = [];
    for (const id of ids) await act(id).catch((error) => refused.push(error.message));
    setSelected(new Set());
    setSaid(refused.length ? refused[0] : done(ids.length - refused.length));
    look();
  };
  const remove = (ids) => {
    if (!confirm(ids.length === 1 ? "Delete this call, its text and its audio?" : `Delete ${ids.length} calls, their text and their audio?`)) return;
    each(ids, (id) => ask(transcriptionPath(id), { method: "DELETE" }), (count) => `${count} deleted.`);
  };
  const retry = (ids) => {
    const known = new Map(calls.map((call) => [call.id, call]));
    const again = (call) =>
      ask("/v3/Transcriptions", { method: "POST", body: repeated(call, call.transcriptionConfigurationId) });
    each(ids, (id) => again(known.get(id)), (count) => `${count} begun again.`);
  };

  return html`
    ${canAdd && html`<${Dropped} session=${session} files=${files} setFiles=${setFiles} changed=${look} />`}
    <div class="head"><h1>Calls</h1>${canAdd && html`<${Add} setFiles=${setFiles} />`}</div>
    <form class="filters" role="search" onSubmit=${(event) => { event.preventDefault(); find(event.target.q.value.trim()); }}>
      <input id="search" name="q" type="search" aria-label="Search in what was said" placeholder="Search in what was said …"
        key=${query.q} defaultValue=${query.q ?? ""} onSearch=${(event) => find(event.target.value.trim())} />
      <label>Status
        <select value=${query.status ?? ""} onChange=${(event) => narrow({ status: event.target.value })}>
          <option value="">all</option>
          ${Object.entries(STATUSES).map(([status, name]) => html`<option value=${status}>${name}</option>`)}
        </select>
      </label>
      <label>Language
        <select value=${query.language ?? ""} onChange=${(event) => narrow({ language: event.target.value })}>
          <option value="">all</option>
          ${LANGUAGES.map((code) => html`<option value=${code}>${languageName(code)}</option>`)}
        </select>
      </label>
      <label>Since <input type="date" value=${query.after ?? ""} onChange=${(event) => narrow({ after: event.target.value })} /></label>
    </form>
    <p class="said" role="status">${said}</p>
    ${problem && html`<p class="problem" role="alert">${problem.message}</p>`}
    ${selected.size > 0 && html`
      <div class="selection">
        ${selected.size} selected
        ${canAdd && html`<button type="button" onClick=${() => retry([...selected])}>Transcribe again</button>`}
        ${may(session, "administer") && html`<button type="button" class="danger" onClick=${() => remove([...selected])}>Delete</button>`}
        <button type="button" class="quiet" onClick=${() => setSelected(new Set())}>Clear</button>
      </div>`}
    ${list === null && !problem && html`<p class="loading" role="status">Loading …</p>`}
    ${list !== null && calls.length === 0 && (filtered ? html`<p class="empty">No call fits. <a href=${callsPath}>Show all</a></p>` : canAdd ? html`<${First} setFiles=${setFiles} />` : html`<p class="empty">There is none yet.</p>`)}
    ${calls.length > 0 && html`
      <${Table} calls=${calls} selected=${selected} setSelected=${setSelected} order=${query.order}
        sort=${query.q ? null : (order) => narrow({ order })} />`}
    ${list !== null && html`
      <nav class="pages" aria-label="Pages of the list">
        ${list.meta.previousToken && html`<a href=${address(callsPath, { ...query, page: list.meta.previousToken })}>← ${ORDERS[query.order] ? "Back" : "Newer"}</a>`}
        ${list.meta.nextToken && html`<a href=${address(callsPath, { ...query, page: list.meta.nextToken })}>${ORDERS[query.order] ? "Further" : "Older"} →</a>`}
      </nav>`}
  `;
}

const STATUSES = { PENDING: "waiting", RUNNING: "at work", COMPLETED: "done", FAILED: "failed" };

/** The request that has the recording of a call transcribed once more, by a configuration. */
export function repeated({ sourceId, mediaUrl, audioStartedAt, title, participants }, configurationId) {
  // When a recording on the server began, it says itself.
  const media = sourceId ? { sourceId } : { mediaUrl, audioStartedAt };
  return { ...media, title, participants, transcriptionConfigurationId: configurationId };
}

function First({ setFiles }) {
  const bundled = async () => {
    const answer = await fetch("/console/assets/example.wav");
    setFiles([new File([await answer.blob()], "Example call.wav", { type: "audio/wav" })]);
  };
  return html`
    <section class="first">
      <h2>Drop a recorded call here</h2>
      <p>Any number of them, anywhere on this page: WAV, MP3, FLAC, Ogg, M4A and most others. The audio stays on this machine.</p>
      <p>None at hand? <button type="button" onClick=${bundled}>Take the example call</button></p>
    </section>
  `;
}

/** The head of a column; a click has the list in its order, another in the reverse. `orders` are names in the address. */
function Sortable({ title, orders: [first, second], order, sort, ...attributes }) {
  if (!sort) return html`<th ...${attributes}>${title}</th>`;
  const sorted = { [first]: "descending", [second]: "ascending" }[order];
  return html`
    <th ...${attributes} aria-sort=${sorted ?? "none"}>
      <button type="button" class="sort" onClick=${() => sort(order === first ? second : first)}>
        ${title} <span aria-hidden="true">${{ descending: "↓", ascending: "↑" }[sorted]}</span>
      </button>
    </th>`;
}

function Table({ calls, selected, setSelected, order, sort }) {
  const toggle = (id) => {
    const changed = new Set(selected);
    if (!changed.delete(id)) changed.add(id);
    setSelected(changed);
  };
  const all = calls.every((call) => selected.has(call.id));
  return html`
    <div class="table" tabindex="0" role="region" aria-label="Calls">
    <table>
      <thead>
        <tr>
          <th><input type="checkbox" aria-label="Select all" checked=${all} onChange=${() => setSelected(new Set(all ? [] : calls.map((call) => call.id)))} /></th>
          <th>Call</th>
          <${Sortable} title="When" orders=${[undefined, "oldest"]} order=${order} sort=${sort} />
          <${Sortable} title="Length" class="number" orders=${["longest", "shortest"]} order=${order} sort=${sort} />
          <th>Talk</th><th>Language</th><th>Engine</th><th>Status</th>
        </tr>
      </thead>
      <tbody>
        ${calls.map((call) => html`<${Row} key=${call.id} call=${call} selected=${selected.has(call.id)} toggle=${toggle} />`)}
      </tbody>
    </table>
    </div>
  `;
}

function Row({ call, selected, toggle }) {
  const { servedBy, language } = call.resolvedConfiguration;
  const title = titleOf(call);
  const people = call.participants.map(nameOf).join(" · ");
  return html`
    <tr class=${selected ? "selected" : ""}>
      <td><input type="checkbox" aria-label=${`Select ${title}`} checked=${selected} onChange=${() => toggle(call.id)} /></td>
      <td class="title">
        <a href=${callPath(call.id)}>${title}</a>
        ${people !== title && html`<div class="faint">${people}</div>`}
        ${call.matches?.map((match) => html`
          <a class="match" href=${callPath(call.id, match.startTimeSeconds)}>
            <time>${clock(match.startTimeSeconds)}</time> <span>${marked(match.text, match.ranges)}</span>
          </a>`)}
        ${call.matchCount > call.matches?.length && html`<div class="faint">and ${call.matchCount - call.matches.length} more in this call</div>`}
      </td>
      <td>${moment(call.audioStartedAt ?? call.createdAt)}</td>
      <td class="number">${call.duration === null ? "" : clock(call.duration)}</td>
      <td><${Talk} statistics=${call.statistics} /></td>
      <td>${languageName(language)}</td>
      <td class="faint">${servedBy.engine} ${servedBy.model}</td>
      <td><${Status} call=${call} /></td>
    </tr>
  `;
}

/** How much each party talks, in the order of the participants, and how long nobody does. */
function Talk({ statistics }) {
  if (!statistics) return null;
  const { participants, silenceSeconds, durationSeconds } = statistics;
  return html`
    ${participants.map((each) => percent(each.talkShare)).join(" · ")}
    <div class="faint">${percent(silenceSeconds / Math.max(durationSeconds, 0.001))} silence</div>`;
}

/** What a job is at: a word, a bar while it is worked on, and the reason where it failed. */
export function Status({ call }) {
  const name = STATUSES[call.status];
  if (call.status === "RUNNING")
    return html`<span class="status running">${name} <progress max="1" value=${call.progress} aria-label="Progress"></progress></span>`;
  if (call.status === "FAILED") return html`<span class="status failed">${name}</span> <span class="faint">${call.error?.title}</span>`;
  return html`<span class=${`status ${call.status.toLowerCase()}`}>${name}</span>`;
}

/** A text with its ranges marked; these count characters (Unicode code points), as the API does. */
function marked(text, ranges) {
  const characters = Array.from(text);
  const pieces = [];
  let place = 0;
  for (const [start, end] of ranges) {
    pieces.push(characters.slice(place, start).join(""), html`<mark>${characters.slice(start, end).join("")}</mark>`);
    place = end;
  }
  return [...pieces, characters.slice(place).join("")];
}
