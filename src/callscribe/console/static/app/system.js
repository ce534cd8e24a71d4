// The installation, for whoever runs it: what is wrong and what to do, who works, what waits, which models there are.
import { address, ask } from "./api.js";
import { Engines } from "./engines.js";
import { languageName, moment } from "./format.js";
import { html, useEffect, useState } from "./html.js";
import { section, table } from "./parts.js";
import { usePolled } from "./polling.js";
import { callsPath, configurationsPath, evaluationsPath, systemPath } from "./router.js";

const EVERY = 5000; // milliseconds between two looks
const WHILE_PULLING = 1000;
const ENGINES_EVERY = 15000;
const ACCOUNTS_EVERY = 30000;
const ACCOUNTS = 20; // in a page: what each uses is counted

const isPulling = (found) => found?.models.some((each) => each.pull?.status === "RUNNING");
const number = (value) => value.toLocaleString(undefined, { maximumFractionDigits: 2 });
const UNITS = ["bytes", "kB", "MB", "GB", "TB"];

function bytes(size) {
  const place = Math.min(UNITS.length - 1, Math.floor(Math.log10(Math.max(1, size)) / 3));
  return `${(size / 1000 ** place).toLocaleString(undefined, { maximumFractionDigits: place > 1 ? 1 : 0 })} ${UNITS[place]}`;
}

const SPANS = [[86400, "d"], [3600, "h"], [60, "min"], [1, "s"]];

/** Seconds in the largest unit that fits. */
function span(seconds) {
  const [size, unit] = SPANS.find(([each]) => seconds >= each) ?? SPANS.at(-1);
  return `${Math.floor(seconds / size)} ${unit}`;
}

const ago = (iso) => `${span(Math.max(0, (Date.now() - new Date(iso)) / 1000))} ago`;
const kept = (days) => (days === "forever" ? "for ever" : `${number(days)} days`);

export function System({ query }) {
  const system = usePolled("/v3/System", () => EVERY);
  const models = usePolled("/v3/System/Models", (found) => (isPulling(found) ? WHILE_PULLING : EVERY));
  const engines = usePolled("/v3/System/Engines", () => ENGINES_EVERY);
  const accounts = usePolled(address("/v3/System/Accounts", { pageSize: ACCOUNTS, pageToken: query.page }), () => ACCOUNTS_EVERY);
  useEffect(() => {
    document.title = "System · callscribe";
  }, []);
  const problem = system.problem ?? models.problem ?? engines.problem ?? accounts.problem;
  if (problem?.status === 403) return html`<${NotYours} problem=${problem} />`;
  return html`
    <div class="head"><h1>System</h1>${system.found && html`<span class="faint">callscribe ${system.found.version}</span>`}<a href=${evaluationsPath}>Evaluations</a></div>
    ${problem && html`<p class="problem" role="alert">${problem.message}</p>`}
    ${!system.found && !problem && html`<p class="loading" role="status">Loading …</p>`}
    ${system.found && html`
      <${Health} health=${system.found.health} />
      <${Workers} workers=${system.found.workers} />
      <${Queues} queues=${system.found.queues} />`}
    ${engines.found && html`<${Engines} found=${engines.found} />`}
    ${models.found && html`<${Models} models=${models.found.models} look=${models.look} />`}
    ${system.found && html`<${Retention} retention=${system.found.retention} />`}
    ${accounts.found && html`<${Accounts} list=${accounts.found} />`}
  `;
}

function NotYours({ problem }) {
  return html`
    <h1>System</h1>
    <p class="problem" role="alert">${problem.message} (${problem.code})</p>
    <p>Yours are <a href=${callsPath}>your calls</a>, <a href=${configurationsPath}>your configurations</a>, and all of the <a href="/docs" target="_blank" rel="noopener">API</a> below your account.</p>
  `;
}

function Health({ health }) {
  const wrong = health.findings.filter((each) => !each.well);
  const line = ({ subject, well, detail }) => html`
    <tr class=${well ? "" : "wrong"}><td>${well ? "✓ well" : "✗ wrong"}</td><td>${subject}</td><td class="title">${detail}</td></tr>`;
  return section("Health", html`
    <p class=${health.ready && !wrong.length ? "well" : "problem"} role="status">${
      health.ready && !wrong.length ? "All is well: calls are taken and transcribed." : health.ready ? "Calls are transcribed; something is not as it should be." : `Calls are not transcribed now: ${health.problems.join("; ")}.`
    }</p>
    ${wrong.length > 0 && table("What is wrong", ["State", "What", "What to do"], wrong.map(line))}
    <details class="panel"><summary>All that was looked at: ${health.findings.length}</summary>${table("All that was looked at", ["State", "What", "Found"], health.findings.map(line))}</details>
  `);
}

function Workers({ workers }) {
  return section("Workers", workers.length === 0
    ? html`<p class="empty">None is alive.</p>`
    : table("Workers", ["Worker", "Alive since", "Seen", "Does", "Models", "Recognition"], workers.map((each) => html`
        <tr key=${each.id}>
          <td class="title">${each.id}<div class="faint">${each.version}${each.device ? ` · ${each.device}` : ""} · ${each.roles.join(", ")}</div></td>
          <td>${moment(each.startedAt)}</td>
          <td>${ago(each.seenAt)}</td>
          <td>${each.inHand.length ? each.inHand.map((piece) => html`<div>${number(piece.count)} × ${piece.queue}, for ${span((Date.now() - new Date(piece.since)) / 1000)}</div>`) : "waits"}</td>
          <td class="title">${each.models.join(", ")}</td>
          <td class=${each.failing ? "problem" : ""}>${each.failing ? `fails: ${each.checkError}` : each.recognizedAt ? `well, ${ago(each.recognizedAt)}` : "not tried yet"}</td>
        </tr>`)));
}

function Queues({ queues }) {
  return section("Queues", html`
    ${!queues.complete && html`<p class="notice">There is more than can be counted: these are the first 100,000.</p>`}
    ${queues.queues.length === 0
      ? html`<p class="empty">Nothing waits, and nothing is in hand.</p>`
      : table("Queues", ["Queue", "Waiting", "In hand", "Oldest waits for"], queues.queues.map((each) => html`
          <tr key=${each.queue}>
            <td class="title">${each.queue}${each.unserved && html`<div class="problem">no live worker has this model</div>`}</td>
            <td class="number">${number(each.waiting)}</td>
            <td class="number">${number(each.running)}</td>
            <td>${each.oldestWaitingSeconds === null ? "" : span(each.oldestWaitingSeconds)}</td>
          </tr>`))}
  `);
}

const WHERE = { installed: "here", wheel: "here, in a package", folder: "here, your own", hub: "on the hub", package: "in a package that is not installed" };

function Models({ models, look }) {
  const [problem, setProblem] = useState("");
  const pull = (name) =>
    ask(`/v3/System/Models/${encodeURIComponent(name)}/Pull`, { method: "POST" }).then(() => setProblem(""), (error) => setProblem(error.message)).then(look);
  return section("Models", html`
    <p class="hint">Of this server. Which one serves what is said by CALLSCRIBE_MODEL; a model that is got is taken by workers that share its folder.</p>
    ${problem && html`<p class="problem" role="alert">${problem}</p>`}
    ${table("Models", ["Model", "Serves", "Knows", "Where", "Size", "Speed", "Workers", "Get"], models.map((each) => html`
      <tr key=${each.name}>
        <td class="title">${each.name}<div class="faint">${each.title}${each.licence && ` · ${each.licence}`}</div></td>
        <td>${each.serves.join(", ")}</td>
        <td>${each.task === "diarization" ? "speakers" : each.languages.map(languageName).join(", ") || "all"}</td>
        <td>${WHERE[each.source]}</td>
        <td class="number">${each.size === null ? "" : bytes(each.size)}</td>
        <td class="number">${each.speed === null ? "" : `${number(each.speed)}×`}</td>
        <td class="number">${each.workers}</td>
        <td><${Pull} model=${each} begin=${() => pull(each.name)} /></td>
      </tr>`))}
  `);
}

const STEPS = { getting: "being got", preparing: "being prepared" };

function Pull({ model, begin }) {
  const { pull, isHere, source } = model;
  if (pull?.status === "RUNNING")
    return html`<span class="status running">${STEPS[pull.step]} <progress max=${pull.total ?? 1} value=${pull.total === null ? undefined : pull.done} aria-label=${`Progress of ${model.name}`}></progress></span>`;
  return html`
    ${source !== "folder" && html`<button type="button" onClick=${begin} aria-label=${`${isHere ? "Check" : "Pull"} ${model.name}`}>${isHere ? "Check" : "Pull"}</button>`}
    ${pull?.status === "COMPLETED" && html`<div class="faint">got ${ago(pull.beganAt)}</div>`}
    ${pull?.status === "FAILED" && html`<div class="problem">${pull.error}</div>`}
    ${pull?.status === "INTERRUPTED" && html`<div class="problem">It was interrupted. Pull it again: files that had come whole are kept.</div>`}
  `;
}

const KINDS = { media: "Recordings of calls", transcript: "Transcripts", job: "Calls", callback: "Logs of callbacks", recording: "Recordings", conversation: "Conversations" };

function Retention({ retention }) {
  const { policy, nextDue, lastSweptAt, sweepEverySeconds } = retention;
  return section("Retention", html`
    <p>${lastSweptAt ? `What was due was last looked for ${ago(lastSweptAt)}` : "What is due was not looked for yet"}; workers look every ${span(sweepEverySeconds)}.</p>
    ${table("Retention", ["What", "Kept", "Next is due"], Object.entries(KINDS).map(([kind, name]) => html`
      <tr>
        <td>${name}</td>
        <td>${kept(policy[`${kind}Days`])}</td>
        <td>${nextDue[kind] ? moment(nextDue[kind]) : kind in nextDue ? "nothing" : "by its own date"}</td>
      </tr>`))}
    <p class="hint">By the server's settings. Accounts and configurations may say otherwise: callscribe accounts retention.</p>
  `);
}

const LIMITS = { requests: ["Requests", String, String], jobsWaiting: ["Calls waiting", number, number], jobsRunning: ["Calls at once", number, number], audioHours: ["Audio hours in 24 h", number, number], storedBytes: ["Stored", bytes, bytes] };

function Accounts({ list }) {
  const limit = (found, [, shown, shownUse]) => html`
    <td>${found.used === null ? "" : `${shownUse(found.used)} of `}${found.limit === null ? "no limit" : shown(found.limit)}${found.isOwn && html`<div class="faint">its own</div>`}</td>`;
  return section("Limits", html`
    ${table("Limits", ["Account", ...Object.values(LIMITS).map(([title]) => title)], list.accounts.map((each) => html`
      <tr key=${each.sid}>
        <td class="title">${each.name}<div class="faint">${each.sid}</div></td>
        ${Object.entries(LIMITS).map(([name, how]) => limit(each.limits[name], how))}
      </tr>`))}
    <nav class="pages" aria-label="Pages of accounts">
      ${list.meta.previousToken && html`<a href=${address(systemPath, { page: list.meta.previousToken })}>← Before</a>`}
      ${list.meta.nextToken && html`<a href=${address(systemPath, { page: list.meta.nextToken })}>After →</a>`}
    </nav>
    <p class="hint">Change them by callscribe accounts limits; the server's are settings.</p>
  `);
}
