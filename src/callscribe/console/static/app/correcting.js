// What is said of corrections beside the conversation: whether they are saved, what stands against them, who made which.
import { address, ask, transcriptionPath } from "./api.js";
import { moment, nameOf } from "./format.js";
import { html, useEffect, useState } from "./html.js";

const MOST_OFFERED = 3;

/** Whether what was written is saved, and how to take it back. */
export function Standing({ corrections }) {
  return html`
    <p class="hint standing"><span role="status">${corrections.said}</span>
      ${corrections.undoable.length > 0 && html`<button type="button" onClick=${() => corrections.undo()} title="Undo (Ctrl+Z)">Undo</button>`}</p>
  `;
}

/** What was written and could not be saved, each with what somebody may do about it. */
export function Decisions({ corrections }) {
  const participants = corrections.transcript?.participants ?? [];
  const text = (value) => ("name" in value ? (value.name ?? "no name") : `${value.text} (${whoOf(value, participants)})`);
  return html`
    ${corrections.conflicts.map(([what, { value, theirs }]) => html`
      <div class="decision" role="alert" key=${what}>
        <p>Somebody else has corrected this meanwhile. Nothing is lost: which of them is to stay?</p>
        <dl><dt>Theirs</dt><dd>${text(theirs)}</dd><dt>Yours</dt><dd>${text(value)}</dd></dl>
        <button type="button" onClick=${() => corrections.decide(what, true)}>Keep mine</button>
        <button type="button" onClick=${() => corrections.decide(what, false)}>Take theirs</button>
      </div>`)}
    ${corrections.problems.map(([what, { value, problem }]) => html`
      <div class="decision" role="alert" key=${what}>
        <p class="problem">${problem}</p>
        <p>${text(value)}</p>
        <button type="button" onClick=${() => corrections.again(what)}>Try again</button>
        <button type="button" onClick=${() => corrections.decide(what, false)}>Drop it</button>
      </div>`)}
  `;
}

const whoOf = (value, participants) =>
  value.participantIndex === null ? "nobody known" : nameOf(participants[value.participantIndex]);

const counted = (number, what) => number && `${number} ${what}${number === 1 ? "" : "s"}`;

/** Who corrected the call and when, from the newest on. */
export function Versions({ id, version }) {
  const [versions, setVersions] = useState([]);
  const [next, setNext] = useState(null);
  const [isOpen, setIsOpen] = useState(false);
  const look = (pageToken) =>
    ask(address(transcriptionPath(id, "/Transcript/Versions"), { pageToken })).then((answer) => {
      setVersions((known) => (pageToken ? [...known, ...answer.versions] : answer.versions));
      setNext(answer.meta.nextToken ?? null);
    }, () => null);
  useEffect(() => {
    if (isOpen) look();
  }, [id, version, isOpen]);
  if (!version) return null;
  const parts = (each) => [counted(each.sentencesEdited, "sentence"), counted(each.participantsRenamed, "name")];
  return html`
    <details class="panel" onToggle=${(event) => setIsOpen(event.target.open)}>
      <summary>Corrections: ${version}</summary>
      <ol reversed start=${versions[0]?.version}>
        ${versions.map((each) => html`
          <li key=${each.version}>${moment(each.createdAt)} · ${each.createdBy} · ${parts(each).filter(Boolean).join(", ")}</li>`)}
      </ol>
      ${next && html`<button type="button" onClick=${() => look(next)}>More</button>`}
    </details>
  `;
}

/** What is often corrected in calls of this configuration, to be added to its keyterms. */
export function Keyterms({ call, version }) {
  const [found, setFound] = useState([]);
  const [said, setSaid] = useState("");
  const path = `/v2/Configurations/Transcription/${encodeURIComponent(call.transcriptionConfigurationId)}`;
  const look = () => ask(`${path}/KeytermSuggestions`).then((answer) => setFound(answer.suggestions.slice(0, MOST_OFFERED)), () => setFound([]));
  useEffect(() => {
    look();
  }, [version]);
  const add = async (term) => {
    try {
      const { unique_name, description, configuration } = await ask(path);
      const keyterms = [...(configuration.keyterms ?? []), term];
      await ask(path, { method: "PUT", body: { unique_name, description, configuration: { ...configuration, keyterms } } });
      setSaid(`Later calls lean towards “${term}”.`);
    } catch (error) {
      setSaid(error.message);
    }
    look();
  };
  if (!found.length && !said) return null;
  return html`
    <p class="hint keyterms">
      ${found.length > 0 && "Often corrected in calls like this one: "}
      ${found.map(({ term, corrections }) => html`
        <button type="button" key=${term} onClick=${() => add(term)}>Add “${term}” (${corrections}×) to the keyterms</button>${" "}`)}
      <span role="status">${said}</span>
    </p>
  `;
}
