// A configuration is tried: a call is made by it, and what becomes of it is shown at once.
import { address, ask, follow, transcriptionPath, upload } from "./api.js";
import { repeated, Status } from "./calls.js";
import { titleOf } from "./format.js";
import { html, useEffect, useRef, useState } from "./html.js";
import { callPath } from "./router.js";

const EXAMPLE = "example";
const OFFERED = 20; // calls of the account that can be taken

async function bundled(accountSid, signal) {
  const answer = await fetch("/console/assets/example.wav", { signal });
  const file = new File([await answer.blob()], "Example call.wav", { type: "audio/wav" });
  const recording = await upload(accountSid, file, {}, () => null, signal);
  return { sourceId: recording.sid, title: "Example call" };
}

export function TryIt({ session, configuration }) {
  const [calls, setCalls] = useState([]);
  const [chosen, setChosen] = useState(EXAMPLE);
  const [call, setCall] = useState(null);
  const [sentences, setSentences] = useState([]);
  const [problem, setProblem] = useState("");
  const [busy, setBusy] = useState(false);
  const leaving = useRef(null);
  useEffect(() => {
    ask(address("/v3/Transcriptions", { pageSize: OFFERED })).then((found) => setCalls(found.transcriptions), () => null);
    return () => leaving.current?.abort();
  }, []);

  const begin = async () => {
    leaving.current?.abort();
    leaving.current = new AbortController();
    const { signal } = leaving.current;
    setBusy(true);
    setProblem("");
    setCall(null);
    setSentences([]);
    try {
      const known = calls.find((each) => each.id === chosen);
      const body = repeated(known ?? (await bundled(session.accountSid, signal)), configuration.id);
      const { transcription } = await ask("/v3/Transcriptions", { method: "POST", body, signal });
      setCall(transcription);
      const read = () =>
        ask(transcriptionPath(transcription.id, "/Transcript"), { signal }).then((found) => setSentences(found.sentences), (error) => {
          if (error.status !== 404) throw error; // there is no text yet
        });
      await follow(
        transcription.id,
        (event, changed) => {
          if (event === "deleted") setProblem("This call was deleted.");
          else setCall(changed);
          if (event === "transcript") read().catch(() => null);
        },
        signal,
      );
      setCall((await ask(transcriptionPath(transcription.id), { signal })).transcription);
      await read();
    } catch (error) {
      if (error.name !== "AbortError") setProblem(error.message);
    }
    if (leaving.current?.signal === signal) setBusy(false);
  };

  return html`
    <section class="panel" aria-labelledby="try-title">
      <h2 id="try-title">Try it</h2>
      <p class="hint">As it is saved. It makes an ordinary call, which stands in the list.</p>
      <div class="controls">
        <label for="tried">With</label>
        <select id="tried" value=${chosen} onChange=${(event) => setChosen(event.target.value)}>
          <option value=${EXAMPLE}>the example call</option>
          ${calls.map((each) => html`<option value=${each.id}>${titleOf(each)}</option>`)}
        </select>
        <button type="button" onClick=${begin} disabled=${busy}>Try it</button>
        ${call && html`<${Status} call=${call} />`}
        ${call && html`<a href=${callPath(call.id)}>Open the call</a>`}
      </div>
      ${problem && html`<p class="problem" role="alert">${problem}</p>`}
      ${call?.status === "FAILED" && html`<p class="problem" role="alert">${call.error?.detail}</p>`}
      ${call && html`<p class="hint">Served by ${call.resolvedConfiguration.servedBy.engine} ${call.resolvedConfiguration.servedBy.model}.</p>`}
      ${sentences.length > 0 && html`<div class="tried" tabindex="0" role="region" aria-label="What is said">${sentences.map((each) => html`<p>${each.text}</p>`)}</div>`}
    </section>
  `;
}
