// The console: who is signed in, and the page that the address names.
import { Access } from "./access.js";
import { SIGNED_OUT, ask } from "./api.js";
import { Audit } from "./audit.js";
import { Call } from "./call.js";
import { Calls } from "./calls.js";
import { Configuration, Configurations } from "./configurations.js";
import { forgetDrafts, hasDrafts } from "./drafts.js";
import { Evaluation, Evaluations } from "./evaluations.js";
import { html, render, useEffect, useState } from "./html.js";
import { inWords, may } from "./roles.js";
import { accessPath, auditPath, callsPath, configurationsPath, onClick, systemPath, useRoute } from "./router.js";
import { SignIn } from "./sign_in.js";
import { System } from "./system.js";

const CODE = "#signin=";

/** Whoever has the printed link is signed in by it; the code leaves the address at once. */
async function followLink() {
  if (!location.hash.startsWith(CODE)) return;
  const code = location.hash.slice(CODE.length);
  history.replaceState(null, "", location.pathname + location.search);
  await ask("/v3/Sessions", { method: "POST", body: { code } });
}

function App() {
  const [session, setSession] = useState(undefined); // undefined: not known yet; null: nobody
  const [problem, setProblem] = useState("");
  const look = () =>
    ask("/v3/Sessions/Current").then(
      (found) => {
        setProblem("");
        setSession(found);
      },
      (error) => {
        if (error.status !== 401) setProblem(error.message);
        setSession(null);
      },
    );
  useEffect(() => {
    followLink().then(look, (error) => look().then(() => setProblem(error.message)));
    const over = () => setSession(null);
    addEventListener(SIGNED_OUT, over);
    return () => removeEventListener(SIGNED_OUT, over);
  }, []);
  if (session === undefined) return html`<main><p class="loading" role="status">Loading …</p></main>`;
  if (session === null) return html`<${SignIn} problem=${problem} done=${look} />`;
  return html`<${Pages} session=${session} look=${look} signOut=${() => signOut().then(() => setSession(null))} />`;
}

async function signOut() {
  await ask("/v3/Sessions/Current", { method: "DELETE" }).catch((error) => {
    if (error.status !== 401) throw error; // the session is over already
  });
  forgetDrafts();
}

function Pages({ session, look, signOut }) {
  const { parts, query } = useRoute();
  const here = (first) => (parts[0] === first ? "page" : undefined);
  const [hesitates, setHesitates] = useState(false);
  const [problem, setProblem] = useState("");
  const leaveNow = () => signOut().catch((error) => setProblem(error.message));
  const leave = () => (hasDrafts() ? setHesitates(true) : leaveNow());
  return html`
    <a class="skip" href="#main">Skip to the content</a>
    <header class="bar" onClick=${onClick}>
      <a class="brand" href=${callsPath}><img src="/console/assets/icon.svg" alt="" width="24" height="24" />callscribe</a>
      <nav aria-label="Pages">
        <a href=${callsPath} aria-current=${here(undefined)}>Calls</a>
        <a href=${configurationsPath} aria-current=${here("configurations")}>Configurations</a>
        ${session.managesAccess && html`
          <a href=${accessPath} aria-current=${here("access")}>Access</a>
          <a href=${auditPath} aria-current=${here("audit")}>Audit log</a>`}
        ${session.isOperator && may(session, "administer") && html`<a href=${systemPath} aria-current=${here("system") ?? here("evaluations")}>System</a>`}
        <a href="/docs" target="_blank" rel="noopener">API</a>
      </nav>
      <span class="who faint" title=${`May: ${inWords(session.roles)}`}>${session.name || session.keySid || session.accountSid}</span>
      <button type="button" class="quiet" onClick=${leave}>Sign out</button>
    </header>
    ${hesitates && html`
      <div class="bar" role="alert">
        <p>There are corrections that are not saved yet, and would be lost.</p>
        <button type="button" onClick=${() => setHesitates(false)}>Stay</button>
        <button type="button" class="danger" onClick=${leaveNow}>Sign out all the same</button>
      </div>`}
    ${problem && html`<p class="bar problem" role="alert">You are still signed in: ${problem}</p>`}
    <main id="main" tabindex="-1" onClick=${onClick}>${pageOf(parts, query, session, look)}</main>
  `;
}

function pageOf([name, id], query, session, look) {
  if (name === "calls" && id) return html`<${Call} key=${id} id=${id} session=${session} at=${Number(query.t) || 0} />`;
  if (name === "configurations" && id) return html`<${Configuration} key=${id} id=${id} session=${session} />`;
  if (name === "configurations") return html`<${Configurations} session=${session} query=${query} />`;
  if (name === "access") return html`<${Access} session=${session} query=${query} look=${look} />`;
  if (name === "audit") return html`<${Audit} session=${session} query=${query} />`;
  if (name === "evaluations" && id) return html`<${Evaluation} key=${id} id=${id} />`;
  if (name === "evaluations") return html`<${Evaluations} query=${query} />`;
  if (name === "system") return html`<${System} query=${query} />`;
  return html`<${Calls} session=${session} query=${query} />`;
}

render(html`<${App} />`, document.getElementById("app"));
