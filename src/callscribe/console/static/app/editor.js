// A sentence in place of which somebody writes: what was said, and who said it.
import { nameOf } from "./format.js";
import { html, useLayoutEffect, useRef, useState } from "./html.js";

const LONGEST = 2000; // characters of a sentence

/** `write` is called at each change, `close` once: with false where all is to be as it was before. */
export function Editor({ sentence, value, participants, write, close }) {
  const box = useRef(null);
  const area = useRef(null);
  const [text, setText] = useState(value.text);
  const [who, setWho] = useState(value.participantIndex);
  useLayoutEffect(() => {
    area.current.focus();
    area.current.setSelectionRange(text.length, text.length);
  }, []);
  const typed = (event) => {
    setText(event.target.value);
    write({ text: event.target.value, participantIndex: who });
  };
  const chosen = (event) => {
    const index = event.target.value === "" ? null : Number(event.target.value);
    setWho(index);
    write({ text, participantIndex: index });
  };
  const pressed = (event) => {
    if (event.key === "Escape") close(false);
    else if (event.key === "Enter" && !event.isComposing && event.target === area.current) close(true);
    else return;
    event.preventDefault();
    event.stopPropagation();
  };
  const left = (event) => {
    const elsewhere = box.current && document.hasFocus() && !box.current.contains(event.relatedTarget); // and not in another window
    if (elsewhere) close(true);
  };
  const keepsFocus = (event) => event.preventDefault(); // or the press would be elsewhere before it is a click
  return html`
    <span class="editor" ref=${box} onKeyDown=${pressed} onFocusOut=${left}>
      <textarea ref=${area} value=${text} onInput=${typed} maxlength=${LONGEST} rows="2" aria-label="What was said"
        aria-describedby="editor-hint" lang=${sentence.language} spellcheck=${true}></textarea>
      <span class="editor-actions">
        ${participants.length > 0 && html`
          <label>Said by
            <select value=${who ?? ""} onChange=${chosen}>
              ${participants.map((each, index) => html`<option value=${index}>${nameOf(each)}</option>`)}
              <option value="">nobody known</option>
            </select>
          </label>`}
        <button type="button" class="primary" onPointerDown=${keepsFocus} onClick=${() => close(true)}>Done</button>
        <button type="button" onPointerDown=${keepsFocus} onClick=${() => close(false)}>As before</button>
        <span class="hint" id="editor-hint">${text.trim() ? "Saved as you type. Enter: done, Escape: as before." : "A sentence needs a word: left like this, it stays as before."}</span>
      </span>
    </span>
  `;
}
