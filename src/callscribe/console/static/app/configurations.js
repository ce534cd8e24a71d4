// Configurations: how calls are transcribed. The list, and one of them to change, to try and to copy.
import { address, ask } from "./api.js";
import { bodyOf, ConfigurationForm, servedBy, valuesOf } from "./configuration_form.js";
import { languageName } from "./format.js";
import { html, useEffect, useRef, useState } from "./html.js";
import { may } from "./roles.js";
import { configurationPath, configurationsPath, go } from "./router.js";
import { creating, LANGUAGES, transcribing } from "./snippets.js";
import { TryIt } from "./try_it.js";

const PATH = "/v2/Configurations/Transcription";
const PAGE_SIZE = 50;
const NEW = "new"; // no id has this form
const onePath = (id) => `${PATH}/${encodeURIComponent(id)}`;

const nameOf = (configuration) => configuration.unique_name ?? configuration.description ?? "Without a name";
const defaultId = () => ask(`${PATH}/Default`).then((found) => found.id, (error) => (error.status === 404 ? null : Promise.reject(error)));
const enginesThere = () => ask("/v3/Engines").then((found) => found.engines);
const makeDefault = (id) => ask(`${PATH}/Default`, { method: "POST", body: { configuration_id: id } });

function Served({ engines, configuration }) {
  const { transcriptionEngine, speechModel, language } = configuration;
  const found = servedBy(engines, transcriptionEngine, speechModel, language);
  return found.fault ? html`<span class="problem">${found.fault}</span>` : html`${found.engine} ${found.model}`;
}

/** What a configuration asks for beside engine and language, in words. */
function extras({ keyterms, verbatim, diarization, transcriptionStatusCallback, retention, participantDefaults }) {
  return [
    participantDefaults?.length && "channels have their parties",
    diarization?.enabled && "speakers told apart",
    keyterms?.length && `${keyterms.length} key ${keyterms.length === 1 ? "term" : "terms"}`,
    verbatim && "verbatim",
    transcriptionStatusCallback && "calls back",
    retention && "own retention",
  ].filter(Boolean).join(", ");
}

export function Configurations({ session, query }) {
  const [list, setList] = useState(null);
  const [chosen, setChosen] = useState(null);
  const [engines, setEngines] = useState([]);
  const [problem, setProblem] = useState("");
  const canChange = may(session, "administer");
  const path = address(PATH, { pageSize: PAGE_SIZE, pageToken: query.page });
  useEffect(() => {
    document.title = "Configurations · callscribe";
    Promise.all([ask(path), defaultId(), enginesThere()]).then(
      ([found, id, offered]) => {
        setList(found);
        setChosen(id);
        setEngines(offered);
      },
      (error) => setProblem(error.message),
    );
  }, [path]);
  const choose = (id) => makeDefault(id).then(() => setChosen(id), (error) => setProblem(error.message));
  return html`
    <div class="head">
      <h1>Configurations</h1>
      ${canChange && html`<a class="button primary" href=${configurationPath(NEW)}>New configuration</a>`}
    </div>
    <p class="hint">How calls are transcribed. Recordings that are dropped on the list of calls are transcribed by the default one.</p>
    ${problem && html`<p class="problem" role="alert">${problem}</p>`}
    ${list === null && !problem && html`<p class="loading" role="status">Loading …</p>`}
    ${list?.content.length === 0 && html`<p class="empty">There is none yet.${canChange && html` The first recording that is dropped makes one, or <a href=${configurationPath(NEW)}>make one now</a>.`}</p>`}
    ${list?.content.length > 0 && html`
      <div class="table" tabindex="0" role="region" aria-label="Configurations">
        <table>
          <thead><tr><th>Configuration</th><th>Engine</th><th>Language</th><th>Served by</th><th>Default</th></tr></thead>
          <tbody>
            ${list.content.map((each) => html`
              <tr key=${each.id}>
                <td class="title">
                  <a href=${configurationPath(each.id)}>${nameOf(each)}</a>
                  ${each.unique_name && each.description && html`<div class="faint">${each.description}</div>`}
                  <div class="faint">${extras(each.configuration)}</div>
                </td>
                <td>${each.configuration.transcriptionEngine} ${each.configuration.speechModel}</td>
                <td>${languageName(each.configuration.language)}</td>
                <td><${Served} engines=${engines} configuration=${each.configuration} /></td>
                <td>${each.id === chosen
                  ? html`<span class="status completed">default</span>`
                  : canChange && html`<button type="button" onClick=${() => choose(each.id)} aria-label=${`Make default: ${nameOf(each)}`}>Make default</button>`}</td>
              </tr>`)}
          </tbody>
        </table>
      </div>
      <nav class="pages" aria-label="Pages of the list">
        ${list.meta.previous_token && html`<a href=${address(configurationsPath, { page: list.meta.previous_token })}>← Newer</a>`}
        ${list.meta.next_token && html`<a href=${address(configurationsPath, { page: list.meta.next_token })}>Older →</a>`}
      </nav>`}
  `;
}

/** One configuration by its id, or a new one. */
export function Configuration({ id, session }) {
  const [resource, setResource] = useState(undefined); // undefined: not known yet; null: a new one
  const [engines, setEngines] = useState(null);
  const [chosen, setChosen] = useState(null);
  const [problem, setProblem] = useState("");
  const [said, setSaid] = useState("");
  const asking = useRef(null);
  const isNew = id === NEW;
  const canChange = may(session, "administer");
  useEffect(() => {
    Promise.all([isNew ? null : ask(onePath(id)), defaultId(), enginesThere()]).then(
      ([found, current, offered]) => {
        setResource(found);
        setChosen(current);
        setEngines(offered);
      },
      (error) => setProblem(error.message),
    );
  }, [id]);
  useEffect(() => {
    document.title = `${resource ? nameOf(resource) : "Configuration"} · callscribe`;
  }, [resource]);

  const save = async (body) => {
    setSaid("");
    const saved = await ask(isNew ? PATH : onePath(id), { method: isNew ? "POST" : "PUT", body });
    if (isNew) return go(configurationPath(saved.id), { replace: true });
    setResource(saved);
    setSaid("Saved. Calls that exist keep what they were made with.");
  };
  const remove = () => ask(onePath(id), { method: "DELETE" }).then(() => go(configurationsPath), (error) => setProblem(error.message));
  const choose = () => makeDefault(id).then(() => setChosen(id), (error) => setProblem(error.message));

  return html`
    <div class="head">
      <h1>${isNew ? "New configuration" : resource ? nameOf(resource) : "Configuration"}</h1>
      ${resource && (chosen === id
        ? html`<span class="status completed">default</span>`
        : canChange && html`<button type="button" onClick=${choose}>Make default</button>`)}
      ${resource && canChange && html`<button type="button" class="danger" onClick=${() => asking.current.showModal()}>Delete</button>`}
    </div>
    <p><a href=${configurationsPath}>All configurations</a></p>
    ${problem && html`<p class="problem" role="alert">${problem}</p>`}
    ${(resource === undefined || engines === null) && !problem && html`<p class="loading" role="status">Loading …</p>`}
    ${resource !== undefined && engines !== null && html`
      ${!canChange && html`<p class="notice">Changes are for those with the role Administer.</p>`}
      <${ConfigurationForm} resource=${resource} engines=${engines} save=${canChange && save}
        tells=${html`<span class="said" role="status">${said}</span>`} />`}
    ${resource && html`
      ${may(session, "submit", "read") && html`<${TryIt} session=${session} configuration=${resource} />`}
      <${CopyAs} session=${session} resource=${resource} />
      <dialog ref=${asking} aria-labelledby="delete-title">
        <h2 id="delete-title">Delete ${nameOf(resource)}?</h2>
        <p>Calls that exist keep what they were made with.</p>
        <div class="actions">
          <button type="button" class="quiet" onClick=${() => asking.current.close()}>Cancel</button>
          <button type="button" class="danger" onClick=${remove}>Delete</button>
        </div>
      </dialog>`}
  `;
}

/** Requests to copy: to have a call transcribed by this configuration, or to make the same one elsewhere. */
function CopyAs({ session, resource }) {
  const [language, setLanguage] = useState(LANGUAGES[0]);
  const [makes, setMakes] = useState(false);
  const [said, setSaid] = useState("");
  const shown = useRef(null);
  const written = makes
    ? creating(language, session.accountSid, bodyOf(valuesOf(resource)))
    : transcribing(language, session.accountSid, resource.unique_name ?? resource.id);
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(written);
      setSaid("Copied.");
    } catch {
      getSelection().selectAllChildren(shown.current); // without TLS a page of another machine may not write there
      setSaid("Selected: copy it by the keyboard.");
    }
  };
  return html`
    <section class="panel" aria-labelledby="copy-title">
      <h2 id="copy-title">Copy as</h2>
      <div class="controls" role="group" aria-label="Copy as">
        ${LANGUAGES.map((each) => html`<button type="button" aria-pressed=${each === language} onClick=${() => setLanguage(each)}>${each}</button>`)}
        <label for="purpose">To</label>
        <select id="purpose" value=${makes} onChange=${(event) => setMakes(event.target.value === "true")}>
          <option value="false">transcribe a call by it</option>
          <option value="true">make the same configuration</option>
        </select>
        <button type="button" class="primary" onClick=${copy}>Copy</button>
        <span role="status">${said}</span>
      </div>
      <pre ref=${shown} tabindex="0" aria-label="The request">${written}</pre>
      <p class="hint">The token is not in it: set CALLSCRIBE_AUTH_TOKEN in the environment.</p>
    </section>
  `;
}
