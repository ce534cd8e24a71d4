// How many words engines got wrong, as `callscribe evaluate` kept it: a list, and one with chart, table and words.
import { address, ask } from "./api.js";
import { clock, moment } from "./format.js";
import { html, useEffect, useRef, useState } from "./html.js";
import { configurationsPath, evaluationPath, evaluationsPath, go, systemPath } from "./router.js";

const PATH = "/v3/System/Evaluations";
const PAGE_SIZE = 50;

const nameOf = (result) => `${result.engine}/${result.model}`;
const hundredth = (share, digits = 2) => (100 * share).toLocaleString(undefined, { minimumFractionDigits: digits, maximumFractionDigits: digits });
const from = (interval) => (interval === null ? "–" : `${hundredth(interval.low)} to ${hundredth(interval.high)}`);
const megabytes = (size) => `${Math.round(size / 1e6).toLocaleString()} MB`;
const money = (amount, currency) => `${amount.toLocaleString(undefined, { maximumFractionDigits: 4 })}${currency ? ` ${currency}` : ""}`;

export function Evaluations({ query }) {
  const [list, setList] = useState(null);
  const [problem, setProblem] = useState("");
  const path = address(PATH, { pageSize: PAGE_SIZE, pageToken: query.page });
  useEffect(() => {
    document.title = "Evaluations · callscribe";
    ask(path).then(
      (found) => {
        setProblem("");
        setList(found);
      },
      (error) => setProblem(error.message),
    );
  }, [path]);
  return html`
    <div class="head"><h1>Evaluations</h1><a href=${systemPath}>System</a></div>
    <p class="hint">How many words each engine gets wrong on recordings of yours. Made on the command line: callscribe evaluate FOLDER.</p>
    ${problem && html`<p class="problem" role="alert">${problem}</p>`}
    ${list === null && !problem && html`<p class="loading" role="status">Loading …</p>`}
    ${list?.evaluations.length === 0 && html`<p class="empty">There is none yet.</p>`}
    ${list?.evaluations.length > 0 && html`
      <div class="table" tabindex="0" role="region" aria-label="Evaluations">
        <table>
          <thead><tr><th>Over</th><th>When</th><th class="number">Recordings</th><th>Words wrong of 100</th></tr></thead>
          <tbody>${list.evaluations.map((each) => html`
            <tr key=${each.id}>
              <td class="title"><a href=${evaluationPath(each.id)}>${each.title || each.id}</a></td>
              <td><time datetime=${each.createdAt}>${moment(each.createdAt)}</time></td>
              <td class="number">${each.recordings}</td>
              <td>${each.engines.map((result) => html`<div>${nameOf(result)}: ${result.wordErrorRate === null ? "failed" : hundredth(result.wordErrorRate, 1)}</div>`)}</td>
            </tr>`)}</tbody>
        </table>
      </div>
      <nav class="pages" aria-label="Pages of evaluations">
        ${list.meta.previousToken && html`<a href=${address(evaluationsPath, { page: list.meta.previousToken })}>← Newer</a>`}
        ${list.meta.nextToken && html`<a href=${address(evaluationsPath, { page: list.meta.nextToken })}>Older →</a>`}
      </nav>`}
  `;
}

export function Evaluation({ id }) {
  const [found, setFound] = useState(null);
  const [problem, setProblem] = useState("");
  const asking = useRef(null);
  const path = `${PATH}/${encodeURIComponent(id)}`;
  useEffect(() => {
    ask(path).then(setFound, (error) => setProblem(error.message));
  }, [path]);
  useEffect(() => {
    document.title = `${found?.title || "Evaluation"} · callscribe`;
  }, [found]);
  const remove = () => {
    asking.current.close();
    ask(path, { method: "DELETE" }).then(() => go(evaluationsPath, { replace: true }), (error) => setProblem(error.message));
  };
  const report = found?.report;
  return html`
    <div class="head">
      <h1>${found?.title || "Evaluation"}</h1>
      <a href=${evaluationsPath}>All evaluations</a>
      ${found && html`<button type="button" class="danger" onClick=${() => asking.current.showModal()}>Delete</button>`}
    </div>
    ${problem && html`<p class="problem" role="alert">${problem}</p>`}
    ${!found && !problem && html`<p class="loading" role="status">Loading …</p>`}
    ${report && html`
      <p class="hint">${moment(found.createdAt)} · ${report.recordings.length} recordings that every engine did, ${clock(report.audioSeconds)} min · ${report.language ?? "each in its own language"}${report.keyterms.length ? ` · key terms: ${report.keyterms.join(", ")}` : ""}</p>
      ${!report.isComplete && html`<p class="notice">It was interrupted: this is what was done by then.</p>`}
      ${report.source === "corrections" && html`<p class="notice">What nobody changed in a transcript counts as right, which favours the engine that wrote it.</p>`}
      <${Chart} engines=${report.engines.filter((each) => each.wordErrorRate !== null)} />
      <${Results} report=${report} />
      <${WrongWords} engines=${report.engines.filter((each) => each.mostWrong.length)} />
      <${LeftOut} report=${report} />
      <dialog ref=${asking} aria-labelledby="asking-title">
        <h2 id="asking-title">Delete this evaluation?</h2>
        <p>With the words that are in it. It cannot be undone.</p>
        <div class="actions">
          <button type="button" class="quiet" onClick=${() => asking.current.close()}>Cancel</button>
          <button type="button" class="danger" onClick=${remove}>Delete</button>
        </div>
      </dialog>`}
  `;
}

const ROW = 52; // pixels: the name, and the bar below it
const REACH = 84; // per cent of the width that the longest takes: its figure stands behind it

/** A bar for each engine, and where its rate would be in 95 of 100 such samples of recordings. */
function Chart({ engines }) {
  const most = Math.max(...engines.map((each) => Math.max(each.wordErrorRate, each.interval?.high ?? 0)), 0.0001);
  const at = (share) => (REACH * share) / most;
  const told = engines.map((each) => `${nameOf(each)} ${hundredth(each.wordErrorRate, 1)}${each.interval ? `, from ${from(each.interval)}` : ""}`);
  return html`
    <section class="part"><h2>Words wrong of 100</h2>
      <svg class="chart" role="img" aria-labelledby="chart-title chart-told" width="100%" height=${ROW * engines.length}>
        <title id="chart-title">Words wrong of 100, the least first</title>
        <desc id="chart-told">${told.join("; ")}</desc>
        ${engines.map((each, place) => {
          const middle = ROW * place + 34;
          const { low, high } = each.interval ?? { low: each.wordErrorRate, high: each.wordErrorRate };
          const end = Math.max(high, each.wordErrorRate);
          return html`
            <text x="0" y=${ROW * place + 16}>${nameOf(each)}</text>
            <rect class="bar" x="0" y=${middle - 10} width=${`${at(each.wordErrorRate)}%`} height="20" />
            ${each.interval && html`
              <line x1=${`${at(low)}%`} x2=${`${at(high)}%`} y1=${middle} y2=${middle} />
              ${[low, high].map((one) => html`<line x1=${`${at(one)}%`} x2=${`${at(one)}%`} y1=${middle - 7} y2=${middle + 7} />`)}`}
            <text x=${`${at(end)}%`} dx="8" y=${middle + 5}>${hundredth(each.wordErrorRate, 1)}</text>`;
        })}
      </svg>
    </section>
  `;
}

const FIGURES = ["Words wrong of 100", "In 95 of 100 samples", "Above the first", "Other word", "Left out", "Added", "Words said", "Real time", "Memory"];

function Results({ report }) {
  const isPriced = report.engines.some((each) => each.cost !== null);
  const rate = ({ wordErrorRate }) => (wordErrorRate === null ? html`<span class="problem">failed</span>` : hundredth(wordErrorRate));
  const numbers = (each, place) => [
    rate(each),
    from(each.interval),
    place === 0 ? "" : from(each.aboveBest),
    each.substitutions,
    each.deletions,
    each.insertions,
    each.words,
    each.realTimeFactor === null ? "–" : each.realTimeFactor.toLocaleString(undefined, { maximumFractionDigits: 3 }),
    each.peakMemoryBytes === null ? "–" : megabytes(each.peakMemoryBytes),
    ...(isPriced ? [each.cost === null ? "–" : money(each.cost, report.currency)] : []),
  ];
  return html`
    <section class="part"><h2>Engines</h2>
      <div class="table" tabindex="0" role="region" aria-label="Engines">
        <table>
          <thead><tr><th>Engine</th>${[...FIGURES, ...(isPriced ? ["Cost"] : [])].map((each) => html`<th class="number">${each}</th>`)}</tr></thead>
          <tbody>${report.engines.map((each, place) => html`
            <tr key=${nameOf(each)}>
              <th scope="row">${nameOf(each)}</th>
              ${numbers(each, place).map((figure) => html`<td class="number">${figure}</td>`)}
            </tr>`)}</tbody>
        </table>
      </div>
      <p class="hint">Samples are drawn from these recordings, whole recordings at a time. Above the first: by how much more, on the same samples; from below 0 to above it says that these recordings cannot tell the two apart. Real time: seconds of work for one of audio. ${megabytes(report.ownPeakMemoryBytes)} of memory beside the engines' own.</p>
    </section>
  `;
}

/** Words that may do as key terms, to be copied into a configuration. */
function WrongWords({ engines }) {
  const [chosen, setChosen] = useState(0);
  const [said, setSaid] = useState("");
  const shown = useRef(null);
  if (!engines.length) return null;
  const words = engines[chosen].mostWrong;
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(words.map((each) => each.word).join("\n"));
      setSaid(`${words.length} words are copied, a line each.`);
    } catch {
      getSelection().selectAllChildren(shown.current); // without TLS a page of another machine may not write there
      setSaid("Selected: copy them by the keyboard.");
    }
  };
  return html`
    <section class="part"><h2>Words most often wrong</h2>
      <p class="hint">Candidates for key terms: put those that will be said again into a <a href=${configurationsPath}>configuration</a>.</p>
      <div class="controls">
        <label for="engine">Of</label>
        <select id="engine" value=${chosen} onChange=${(event) => { setChosen(Number(event.target.value)); setSaid(""); }}>
          ${engines.map((each, place) => html`<option value=${place}>${nameOf(each)}</option>`)}
        </select>
        <button type="button" class="primary" onClick=${copy}>Copy as key terms</button>
        <span role="status">${said}</span>
      </div>
      <div class="table" tabindex="0" role="region" aria-label="Words most often wrong">
        <table>
          <thead><tr><th>Word</th><th class="number">Wrong</th><th class="number">Said</th><th>Heard instead</th></tr></thead>
          <tbody>${words.map((each) => html`
            <tr key=${each.word}>
              <td class="title">${each.word}</td>
              <td class="number">${each.wrong}</td>
              <td class="number">${each.said}</td>
              <td>${each.heard.join(", ") || "nothing"}</td>
            </tr>`)}</tbody>
        </table>
      </div>
      <pre ref=${shown} class="unseen" aria-hidden="true">${words.map((each) => each.word).join("\n")}</pre>
    </section>
  `;
}

function LeftOut({ report }) {
  const failed = report.engines.flatMap((each) => each.failed.map((one) => ({ ...one, by: nameOf(each) })));
  const all = [...report.leftOut.map((each) => ({ ...each, by: "left out" })), ...failed];
  if (!all.length) return null;
  return html`
    <details class="panel"><summary>Not compared: ${all.length}</summary>
      <div class="table" tabindex="0" role="region" aria-label="Not compared">
        <table>
          <thead><tr><th>Recording</th><th>By</th><th>Why</th></tr></thead>
          <tbody>${all.map((each) => html`<tr><td class="title">${each.recording}</td><td>${each.by}</td><td class="title">${each.reason}</td></tr>`)}</tbody>
        </table>
      </div>
    </details>
  `;
}
