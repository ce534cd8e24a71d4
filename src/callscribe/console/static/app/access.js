// Who has access: API keys with their roles, and a change of the auth token without a gap.
import { address, ask } from "./api.js";
import { moment } from "./format.js";
import { html, useEffect, useRef, useState } from "./html.js";
import { ROLES, inWords, may } from "./roles.js";
import { accessPath, auditPath } from "./router.js";

const PAGE_SIZE = 50;
const TOKENS = "/v1/AuthTokens";
const LONGEST = 64; // characters of a name
const REFUSED_AFTER = 2500; // milliseconds: servers take a token that was right for so long

const keysPath = (session, sid) => `/2010-04-01/Accounts/${session.accountSid}/Keys${sid ? `/${sid}` : ""}.json`;
const nameOf = (key) => key.friendly_name || "Without a name";

export function Access({ session, query, look: lookAtSession }) {
  const [list, setList] = useState(null);
  const [made, setMade] = useState(null);
  const [problem, setProblem] = useState("");
  const [said, setSaid] = useState("");
  const path = address(keysPath(session), { PageSize: PAGE_SIZE, Page: query.number, PageToken: query.page });
  const look = () => ask(path).then(setList, (error) => setProblem(error.message));
  useEffect(() => {
    document.title = "Access · callscribe";
    look();
  }, [path]);
  const done = (text) => {
    setProblem("");
    setSaid(text);
    return look();
  };
  const failed = (error) => setProblem(error.message);
  const rename = (key, name) =>
    ask(keysPath(session, key.sid), { method: "POST", body: new URLSearchParams({ FriendlyName: name }) }).then(() => done("Renamed."), failed);
  const revoke = (key) => ask(keysPath(session, key.sid), { method: "DELETE" }).then(() => done(`${nameOf(key)} is revoked.`), failed);
  return html`
    <div class="head"><h1>Access</h1></div>
    <p class="hint">API keys are for programs and for people: each may do what its roles say, and can be revoked alone. Who did what is in the <a href=${auditPath}>audit log</a>.</p>
    ${problem && html`<p class="problem" role="alert">${problem}</p>`}
    <p class="said" role="status">${said}</p>
    ${made && html`<${Secret} title=${`The key ${nameOf(made)}`} names=${{ SID: made.sid, Secret: made.secret }} close=${() => setMade(null)} />`}
    <${NewKey} session=${session} done=${(key) => { setMade(key); done(""); }} />
    <section class="part">
      <h2>API keys</h2>
      ${list === null && !problem && html`<p class="loading" role="status">Loading …</p>`}
      ${list?.keys.length === 0 && html`<p class="empty">There is none yet.</p>`}
      ${list?.keys.length > 0 && html`
        <div class="table" tabindex="0" role="region" aria-label="API keys">
          <table>
            <thead><tr><th>Key</th><th>May</th><th>Made</th><th>Change</th></tr></thead>
            <tbody>${list.keys.map((key) => html`<${Key} key=${key.sid} of=${key} rename=${rename} revoke=${revoke} />`)}</tbody>
          </table>
        </div>
        <${Pages} list=${list} />`}
    </section>
    ${session.keySid === undefined && html`<${Tokens} session=${session} look=${lookAtSession} />`}
  `;
}

/** The pages beside, by the query of the links that the answer has. */
function Pages({ list }) {
  const link = (uri, text) => {
    if (!uri) return null;
    const query = new URL(uri, location.origin).searchParams;
    return html`<a href=${address(accessPath, { number: query.get("Page"), page: query.get("PageToken") })}>${text}</a>`;
  };
  return html`
    <nav class="pages" aria-label="Pages of the keys">
      ${link(list.previous_page_uri, "← Newer")} ${link(list.next_page_uri, "Older →")}
    </nav>`;
}

function NewKey({ session, done }) {
  const [problem, setProblem] = useState("");
  const [busy, setBusy] = useState(false);
  const create = async (event) => {
    event.preventDefault();
    const form = event.target;
    const given = new FormData(form);
    if (!given.getAll("Roles").length) return setProblem("Choose at least one role.");
    setBusy(true);
    try {
      done(await ask(keysPath(session), { method: "POST", body: new URLSearchParams(given) }));
      setProblem("");
      form.reset();
    } catch (error) {
      setProblem(error.message);
    }
    setBusy(false);
  };
  return html`
    <section class="panel" aria-labelledby="new-title">
      <h2 id="new-title">New API key</h2>
      <form class="configuration" onSubmit=${create}>
        <div class="field">
          <label for="key-name">Name</label>
          <input id="key-name" name="FriendlyName" maxlength=${LONGEST} autocomplete="off" placeholder="who or what it is for" />
        </div>
        <fieldset>
          <legend>It may</legend>
          ${Object.entries(ROLES).map(([role, [name, what]]) => html`
            <label class="role">
              <input type="checkbox" name="Roles" value=${role} disabled=${!may(session, role)} />
              <span>${name}<span class="faint"> ${may(session, role) ? what : "you do not have this role yourself"}</span></span>
            </label>`)}
        </fieldset>
        <div class="controls">
          <button type="submit" class="primary" disabled=${busy}>Make the key</button>
          <span class="problem" role="alert">${problem}</span>
        </div>
      </form>
    </section>
  `;
}

/** What is shown once: it is nowhere else, so nothing but its button closes it. */
function Secret({ title, names, close }) {
  const [said, setSaid] = useState("");
  const box = useRef(null);
  useEffect(() => box.current.focus(), []);
  const copy = async (name, value) => {
    try {
      await navigator.clipboard.writeText(value);
      setSaid(`${name} is copied.`);
    } catch {
      getSelection().selectAllChildren(document.getElementById(`secret-${name}`)); // without TLS a page may not write there
      setSaid("Selected: copy it by the keyboard.");
    }
  };
  return html`
    <section class="decision" ref=${box} tabindex="-1" aria-labelledby="secret-title">
      <h2 id="secret-title">${title}</h2>
      <p>Keep it now: it is shown this once.</p>
      <dl>${Object.entries(names).map(([name, value]) => html`
        <dt>${name}</dt>
        <dd><code id=${`secret-${name}`}>${value}</code> <button type="button" onClick=${() => copy(name, value)} aria-label=${`Copy ${name}`}>Copy</button></dd>`)}</dl>
      <p role="status">${said}</p>
      <button type="button" onClick=${close}>I have it</button>
    </section>
  `;
}

function Key({ of: key, rename, revoke }) {
  const [renaming, setRenaming] = useState(false);
  const asking = useRef(null);
  const save = (event) => {
    event.preventDefault();
    setRenaming(false);
    rename(key, event.target.elements.name.value);
  };
  return html`
    <tr>
      <td class="title">
        ${renaming
          ? html`<form class="controls" onSubmit=${save}>
              <input name="name" defaultValue=${key.friendly_name} maxlength=${LONGEST} aria-label=${`Name of ${key.sid}`} autofocus />
              <button type="submit">Save</button>
              <button type="button" class="quiet" onClick=${() => setRenaming(false)}>Cancel</button>
            </form>`
          : nameOf(key)}
        <div class="faint">${key.sid}</div>
      </td>
      <td>${inWords(key.roles)}${key.standard && html`<div class="faint">standard: not who has access</div>`}</td>
      <td>${moment(key.date_created)}</td>
      <td>
        <div class="controls">
          ${!renaming && html`<button type="button" onClick=${() => setRenaming(true)} aria-label=${`Rename ${nameOf(key)}`}>Rename</button>`}
          <button type="button" class="danger" onClick=${() => asking.current.showModal()} aria-label=${`Revoke ${nameOf(key)}`}>Revoke</button>
        </div>
        <dialog ref=${asking} aria-label=${`Revoke ${nameOf(key)}?`}>
          <p>Revoke ${nameOf(key)}? What uses it is refused two seconds later, and who is signed in by it is signed out.</p>
          <div class="actions">
            <button type="button" class="quiet" onClick=${() => asking.current.close()}>Cancel</button>
            <button type="button" class="danger" onClick=${() => { asking.current.close(); revoke(key); }}>Revoke</button>
          </div>
        </dialog>
      </td>
    </tr>
  `;
}

/** The auth token is changed in three steps, between which both are good. */
function Tokens({ session, look }) {
  const [token, setToken] = useState("");
  const [problem, setProblem] = useState("");
  const [said, setSaid] = useState("");
  const asking = useRef(null);
  const act = (method, part, then) =>
    ask(`${TOKENS}/${part}`, { method }).then(
      (answer) => {
        setProblem("");
        then(answer);
        return look();
      },
      (error) => setProblem(error.message),
    );
  const begin = () => act("POST", "Secondary", (answer) => { setSaid(""); setToken(answer.secondary_auth_token); });
  const end = () => act("DELETE", "Secondary", () => { setToken(""); setSaid("The secondary token is deleted."); });
  const promote = () => {
    asking.current.close();
    act("POST", "Promote", () => {
      setToken("");
      setSaid("The secondary token is the only one now: sign in with it.");
      setTimeout(look, REFUSED_AFTER);
    });
  };
  return html`
    <section class="part">
      <h2>Auth token</h2>
      <p class="hint">It has all roles, and callbacks are signed with it. To change it without a gap: make a secondary one, give it to every program, then promote it. Both are good until then.</p>
      ${problem && html`<p class="problem" role="alert">${problem}</p>`}
      <p class="said" role="status">${said}</p>
      ${token && html`<${Secret} title="The secondary auth token" names=${{ Token: token }} close=${() => setToken("")} />`}
      <div class="controls">
        ${session.hasSecondaryToken
          ? html`
            <button type="button" class="primary" onClick=${() => asking.current.showModal()}>Promote the secondary token</button>
            <button type="button" class="danger" onClick=${end}>Delete the secondary token</button>`
          : html`<button type="button" onClick=${begin}>Make a secondary token</button>`}
      </div>
      <dialog ref=${asking} aria-label="Promote the secondary token?">
        <p>The token of now is refused from then on, and who is signed in by it is signed out. Callbacks are signed with the new one.</p>
        <div class="actions">
          <button type="button" class="quiet" onClick=${() => asking.current.close()}>Cancel</button>
          <button type="button" class="danger" onClick=${promote}>Promote</button>
        </div>
      </dialog>
    </section>
  `;
}
