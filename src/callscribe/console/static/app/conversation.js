// The turns of a call. Only those near what is seen are in the page, so that a call of eight hours scrolls like a short one.
import { Editor } from "./editor.js";
import { clock, languageName, moment } from "./format.js";
import { html, useLayoutEffect, useRef, useState } from "./html.js";
import { labelled } from "./redaction.js";
import { lastAtMost, saidAt } from "./turns.js";

const AROUND = 200; // pixels above and below what is seen, drawn when that has been: together they are a task too long
const UNSURE = 0.5; // confidence below which a word may be wrong
const REASONS = {
  notRecognized: "Something is said here that could not be made out.",
  uncertain: "Somebody may speak here, too softly to be sure.",
  languageMismatch: "Left out: another language than was asked for",
  unsupportedLanguage: "Left out: a language that is not known",
};

/** About how high a turn will be, in pixels, before it is drawn. */
function guess(turn, width) {
  const characters = (turn.sentences ?? []).reduce((sum, { text }) => sum + text.length + 1, 0);
  return 44 + 25 * Math.ceil((characters * 8.2) / Math.max(200, width - 150));
}

function sums(heights) {
  let sum = 0;
  const offsets = heights.map((height) => (sum += height) - height);
  return [...offsets, sum];
}

/**
 * `parties` says who speaks a turn: `name`, and `channel` for the colour. Without `editing` nothing can be corrected. With
 * `redacts` labels are bars.
 */
export function Conversation({ turns, words, parties, player, follows, showsUnsure, at, editing, redacts }) {
  const pane = useRef(null);
  const heights = useRef([]);
  const [range, setRange] = useState([0, 20]);
  const followed = useRef(-1);
  const further = useRef(0);

  const measure = () => {
    if (!pane.current) return; // a last look of the observer
    const { scrollTop, clientHeight, clientWidth } = pane.current;
    for (let place = heights.current.length; place < turns.length; place++) heights.current.push(guess(turns[place], clientWidth));
    heights.current.length = turns.length;
    const offsets = sums(heights.current);
    const within = (around) => [
      Math.max(0, lastAtMost(offsets, scrollTop - around, (offset) => offset)),
      Math.min(turns.length, lastAtMost(offsets, scrollTop + clientHeight + around, (offset) => offset) + 1),
    ];
    const [seenFirst, seenLast] = within(0);
    const [first, last] = within(AROUND);
    // Of what is drawn already, that which is near stays: scrolling by a few lines draws a turn and no more.
    setRange((known) => {
      const kept = known[0] <= seenLast && seenFirst <= known[1] ? known : [seenFirst, seenLast];
      const next = [Math.max(first, Math.min(kept[0], seenFirst)), Math.min(last, Math.max(kept[1], seenLast))];
      return known[0] === next[0] && known[1] === next[1] ? known : next;
    });
    clearTimeout(further.current);
    further.current = setTimeout(() => setRange((known) => (known[0] === first && known[1] === last ? known : [first, last])));
  };
  const scrollToTurn = (place, smooth) => {
    const top = sums(heights.current)[place] - pane.current.clientHeight / 3;
    const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
    pane.current.scrollTo({ top, behavior: smooth && !calm ? "smooth" : "instant" });
  };

  useLayoutEffect(measure, [turns]);
  useLayoutEffect(() => {
    if (at > 0) scrollToTurn(Math.max(0, lastAtMost(turns, at, ({ start }) => start)), false);
  }, [at, turns.length > 0]);
  useLayoutEffect(() => {
    let changed = false;
    for (const element of pane.current.querySelectorAll("[data-turn]")) {
      const place = Number(element.dataset.turn);
      if (heights.current[place] !== element.offsetHeight) {
        heights.current[place] = element.offsetHeight;
        changed = true;
      }
    }
    if (changed) measure();
  });
  useLayoutEffect(() => {
    const resized = new ResizeObserver(measure);
    resized.observe(pane.current);
    return () => {
      resized.disconnect();
      clearTimeout(further.current);
    };
  }, [turns]);

  useLayoutEffect(
    () =>
      player.onTime((seconds) => {
        const said = saidAt(words, seconds);
        const names = new Set(said.map(({ name }) => name));
        for (const element of pane.current.querySelectorAll(".word.now")) {
          if (!names.delete(element.dataset.word)) element.classList.remove("now");
        }
        for (const name of names) pane.current.querySelector(`[data-word="${name}"]`)?.classList.add("now");
        const turn = said[said.length - 1]?.turn;
        if (follows && turn !== undefined && turn !== followed.current && !player.element.paused) {
          followed.current = turn;
          scrollToTurn(turn, true);
        }
      }),
    [player, words, follows],
  );

  const edit = (event) => {
    const sentence = event.target.closest("[data-sentence]");
    if (sentence && editing) editing.begin(Number(sentence.dataset.sentence));
  };
  const hear = (event) => {
    if (String(getSelection())) return; // somebody is marking text
    const word = event.target.closest("[data-start]");
    if (word) player.playFrom(Number(word.dataset.start));
  };
  const [first, last] = range;
  const offsets = sums(heights.current);
  const total = offsets[offsets.length - 1];
  return html`
    <div class=${`conversation ${showsUnsure ? "shows-unsure" : ""}`} ref=${pane} onScroll=${measure} onClick=${hear} onDblClick=${edit}
      tabindex="0" role="region" aria-label="Conversation">
      <div style=${{ height: `${offsets[first] ?? 0}px` }}></div>
      <ol start=${first + 1}>
        ${turns.slice(first, last).map((turn, index) => html`
          <li key=${first + index} data-turn=${first + index}>
            ${turn.kind === "turn" ? html`<${Turn} turn=${turn} party=${parties(turn)} editing=${editing} redacts=${redacts} />` : html`<${Omission} turn=${turn} />`}
          </li>`)}
      </ol>
      <div style=${{ height: `${Math.max(0, total - (offsets[last] ?? total))}px` }}></div>
    </div>
  `;
}

function Turn({ turn, party, editing, redacts }) {
  return html`
    <article class=${`turn party-${party.channel % 2}`}>
      <h2><span class="name">${party.name}</span>
        <button type="button" class="time" data-start=${turn.start} title="Hear it from here">${clock(turn.start)}</button></h2>
      <p lang=${turn.sentences[0].language}>
        ${turn.sentences.map((sentence) => html`
          <${Sentence} key=${sentence.sentenceIndex} sentence=${sentence} editing=${editing} redacts=${redacts} />${" "}`)}
      </p>
    </article>
  `;
}

/** A word as it stands; where it is a label, a bar that says what is below it. */
function Said({ text }) {
  const { before, what, after } = labelled(text) ?? {};
  if (!what) return text;
  return html`${before}<span class="redacted" title="Redacted">${what}</span>${after}`;
}

function Sentence({ sentence, editing, redacts }) {
  const [showsOriginal, setShowsOriginal] = useState(false);
  const { sentenceIndex, correction } = sentence;
  if (editing?.index === sentenceIndex) return html`<${Editor} sentence=${sentence} ...${editing.of(sentence)} />`;
  const kinds = ["sentence", correction && "corrected", sentence.isPending && "pending"].filter(Boolean).join(" ");
  const wordKinds = (word) => ["word", word.confidence < UNSURE && "unsure", word.edited && "edited"].filter(Boolean).join(" ");
  return html`
    <span class=${kinds} data-sentence=${sentenceIndex}>
      ${sentence.words.map((word, index) => html`
        <span class=${wordKinds(word)} data-start=${word.startTimeSeconds}
          data-word=${`${sentenceIndex}-${index}`}>${redacts ? html`<${Said} text=${word.text} />` : word.text}</span>${" "}`)}
      ${correction && html`
        <button type="button" class="quiet was" aria-expanded=${showsOriginal} title="What was recognised"
          onClick=${() => setShowsOriginal(!showsOriginal)}>corrected</button>`}
      ${editing && html`
        <button type="button" class="quiet edit" aria-label=${`Correct: ${sentence.text}`} title="Correct (e, or a double click)"
          onClick=${() => editing.begin(sentenceIndex)}>✎</button>`}
      ${correction && showsOriginal && html`
        <span class="original">Recognised: “${correction.originalText}” · corrected ${moment(correction.correctedAt)} by ${correction.correctedBy}
          ${editing && html` <button type="button" onClick=${() => editing.restore(sentence)}>Put it back</button>`}</span>`}
    </span>
  `;
}

function Omission({ turn: { omission, start, end } }) {
  const language = omission.language ? ` (${languageName(omission.language)})` : "";
  return html`
    <p class="omission"><button type="button" class="time" data-start=${start} title="Hear it">${clock(start)}</button>
      ${REASONS[omission.reason] ?? omission.reason}${language} ${(end - start).toFixed(1)} s, channel ${omission.audioChannelIndex}</p>
  `;
}
