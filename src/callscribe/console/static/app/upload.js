// Recordings that are dropped: who speaks on which channel, their upload, and the job that each becomes.
import { ask, upload } from "./api.js";
import { ROLES } from "./format.js";
import { html, useEffect, useRef, useState } from "./html.js";

const CONFIGURATIONS = "/v2/Configurations/Transcription";
const PARTIES = [
  { audioChannelIndex: 1, type: "CUSTOMER", name: "" },
  { audioChannelIndex: 2, type: "HUMAN_AGENT", name: "" },
];

/** The id of the account's default configuration, which is made where there is none. */
async function configurationId() {
  try {
    return (await ask(`${CONFIGURATIONS}/Default`)).id;
  } catch (error) {
    if (error.status !== 404) throw error;
  }
  const { id } = await make("multi").catch(() => make("en-US")); // a model of English alone detects nothing
  await ask(`${CONFIGURATIONS}/Default`, { method: "POST", body: { configuration_id: id } });
  return id;
}

function make(language) {
  const configuration = {
    configurationType: "Transcription",
    transcriptionEngine: "whisper",
    language,
    participantDefaults: PARTIES.map(({ audioChannelIndex, type }) => ({ audioChannelIndex, type })),
  };
  return ask(CONFIGURATIONS, { method: "POST", body: { description: "Made by the console at the first recording", configuration } });
}

async function transcribe(accountSid, file, parties, progress, signal) {
  const recording = await upload(accountSid, file, {}, progress, signal);
  const participants = parties
    .filter(({ audioChannelIndex }) => audioChannelIndex <= recording.channels)
    .map(({ name, ...party }) => (name.trim() ? { ...party, name: name.trim() } : party));
  const body = { transcriptionConfigurationId: await configurationId(), sourceId: recording.sid, title: file.name, participants };
  return ask("/v3/Transcriptions", { method: "POST", body });
}

/** Takes what is dropped anywhere on the page, or chosen (`files`); tells `changed` when a job is there. */
export function Dropped({ session, files, setFiles, changed }) {
  const [over, setOver] = useState(false);
  const [parties, setParties] = useState(PARTIES);
  const [uploads, setUploads] = useState([]);
  const dialog = useRef(null);

  useEffect(() => {
    const has = (event) => event.dataTransfer?.types.includes("Files");
    const enter = (event) => {
      if (!has(event)) return;
      event.preventDefault();
      setOver(true);
    };
    const leave = (event) => event.relatedTarget === null && setOver(false);
    const drop = (event) => {
      if (!has(event)) return;
      event.preventDefault();
      setOver(false);
      setFiles([...event.dataTransfer.files]);
    };
    const listeners = { dragenter: enter, dragover: enter, dragleave: leave, drop };
    for (const [name, listener] of Object.entries(listeners)) addEventListener(name, listener);
    return () => {
      for (const [name, listener] of Object.entries(listeners)) removeEventListener(name, listener);
    };
  }, []);
  useEffect(() => {
    if (files.length) dialog.current.showModal();
    else dialog.current.close();
  }, [files]);

  const begin = async (event) => {
    event.preventDefault();
    const begun = files.map((file) => ({ file, share: 0, problem: "" }));
    setFiles([]);
    setUploads((known) => [...known, ...begun]);
    const change = (entry, values) =>
      setUploads((known) => known.map((each) => (each.file === entry.file ? { ...each, ...values } : each)));
    for (const entry of begun) {
      try {
        await transcribe(session.accountSid, entry.file, parties, (share) => change(entry, { share }));
        setUploads((known) => known.filter((each) => each.file !== entry.file));
        changed();
      } catch (error) {
        change(entry, { problem: error.message });
      }
    }
  };
  const dismiss = (file) => setUploads((known) => known.filter((each) => each.file !== file));
  const setParty = (place, values) => setParties(parties.map((party, other) => (other === place ? { ...party, ...values } : party)));

  return html`
    ${over && html`<div class="drop-zone" aria-hidden="true">Drop recordings to have them transcribed</div>`}
    <dialog ref=${dialog} aria-labelledby="dropped-title" onClose=${() => setFiles([])}>
      <form onSubmit=${begin}>
        <h2 id="dropped-title">${files.length === 1 ? files[0].name : `${files.length} recordings`}</h2>
        <p>Who speaks on which channel? A mono recording has one.</p>
        ${parties.map((party, place) => html`
          <fieldset>
            <legend>Channel ${party.audioChannelIndex}</legend>
            <label>Role
              <select value=${party.type} onChange=${(event) => setParty(place, { type: event.target.value })}>
                ${Object.entries(ROLES).map(([role, name]) => html`<option value=${role}>${name}</option>`)}
              </select>
            </label>
            <label>Name <input value=${party.name} placeholder="optional" onInput=${(event) => setParty(place, { name: event.target.value })} /></label>
          </fieldset>`)}
        <div class="actions">
          <button type="button" class="quiet" onClick=${() => setFiles([])}>Cancel</button>
          <button type="submit" class="primary" autofocus>Transcribe</button>
        </div>
      </form>
    </dialog>
    ${uploads.length > 0 && html`
      <ul class="uploads" aria-label="Uploads">
        ${uploads.map(({ file, share, problem }) => html`
          <li>
            <span>${file.name}</span>
            ${problem
              ? html`<span class="problem" role="alert">${problem}</span> <button type="button" class="quiet" onClick=${() => dismiss(file)}>Dismiss</button>`
              : html`<progress max="1" value=${share} aria-label=${`Upload of ${file.name}`}></progress>`}
          </li>`)}
      </ul>`}
  `;
}
