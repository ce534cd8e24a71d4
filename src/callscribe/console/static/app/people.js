// Who is who: the participants of a call, and their names.
import { ofParticipant } from "./corrections.js";
import { ROLES, nameOf } from "./format.js";
import { html, useLayoutEffect, useRef, useState } from "./html.js";

const LONGEST = 512;

export function People({ participants, corrections, canEdit }) {
  const [renaming, setRenaming] = useState(null);
  if (!participants.length) return null;
  return html`
    <ul class="people" aria-label="Who is who">
      ${participants.map((each, index) => html`
        <li class=${`party-${(each.audioChannelIndex - 1) % 2}`} key=${index}>
          ${renaming === index
            ? html`<${Name} participant=${each} index=${index} corrections=${corrections} close=${() => setRenaming(null)} />`
            : html`<span class="name">${nameOf(each)}</span>
                ${each.name && each.type ? html` <span class="faint">${ROLES[each.type] ?? each.type}</span>` : ""}
                ${canEdit && html`<button type="button" class="quiet edit" aria-label=${`Rename ${nameOf(each)}`} title="Rename"
                  onClick=${() => setRenaming(index)}>✎</button>`}`}
        </li>`)}
    </ul>
  `;
}

function Name({ participant, index, corrections, close }) {
  const field = useRef(null);
  const what = ofParticipant(index);
  const [before] = useState(() => corrections.value(what));
  const isDone = useRef(false);
  useLayoutEffect(() => field.current.select(), []);
  const done = (keeps) => {
    if (isDone.current) return; // the field that goes loses its focus, too
    isDone.current = true;
    if (!keeps) corrections.write(what, before);
    corrections.wrote(what, before);
    close();
  };
  const pressed = (event) => {
    if (event.key === "Enter" && !event.isComposing) done(true);
    if (event.key === "Escape") done(false);
  };
  return html`
    <input ref=${field} value=${before.name ?? ""} maxlength=${LONGEST} aria-label=${`Name of ${nameOf(participant)}`}
      onInput=${(event) => corrections.write(what, { name: event.target.value })} onKeyDown=${pressed}
      onFocusOut=${() => document.hasFocus() && done(true)} />
  `;
}
