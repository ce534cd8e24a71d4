// Signing in by SID and token, or by an API key.
import { ask } from "./api.js";
import { html, useState } from "./html.js";

export function SignIn({ problem, done }) {
  const [refusal, setRefusal] = useState("");
  const [busy, setBusy] = useState(false);
  const submit = async (event) => {
    event.preventDefault();
    const given = new FormData(event.target);
    setBusy(true);
    setRefusal("");
    try {
      await ask("/v3/Sessions", { method: "POST", body: { sid: given.get("sid").trim(), secret: given.get("secret").trim() } });
      await done();
    } catch (error) {
      setRefusal(error.message);
    }
    setBusy(false);
  };
  return html`
    <main class="sign-in">
      <h1><img src="/console/assets/icon.svg" alt="" width="40" height="40" />callscribe</h1>
      <p>Recorded calls as text, on your own machine.</p>
      <form onSubmit=${submit}>
        <label for="sid">Account SID or API key</label>
        <input id="sid" name="sid" autocomplete="username" placeholder="AC… or SK…" required spellcheck=${false} autofocus />
        <label for="secret">Auth token or secret</label>
        <input id="secret" name="secret" type="password" autocomplete="current-password" required />
        <button type="submit" class="primary" disabled=${busy}>Sign in</button>
        <p class="problem" role="alert">${refusal || problem}</p>
      </form>
      <p class="hint">
        <code>callscribe serve</code> prints the SID and the token when it is first started, and in a terminal a link that signs in
        once. <code>callscribe accounts list</code> shows the accounts.
      </p>
    </main>
  `;
}
