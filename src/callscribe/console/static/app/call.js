// One call: its audio, what was said, and what else is known of it.
import { address, ask, follow, transcriptionPath } from "./api.js";
import { Status } from "./calls.js";
import { Conversation } from "./conversation.js";
import { Decisions, Keyterms, Standing, Versions } from "./correcting.js";
import { ofSentence, useCorrections } from "./corrections.js";
import { clock, languageName, moment, nameOf, percent, titleOf } from "./format.js";
import { html, useEffect, useLayoutEffect, useMemo, useRef, useState } from "./html.js";
import { People } from "./people.js";
import { Player, SPEEDS } from "./player.js";
import { barsOf, redactionOf } from "./redaction.js";
import { may } from "./roles.js";
import { callsPath, go } from "./router.js";
import { speechOf, turnsOf, wordsOf } from "./turns.js";
import { Waveform } from "./waveform.js";

const PAUSE = 1; // seconds of silence that are skipped
const STEP = 5; // seconds of an arrow key
const NOTHING = { sentences: [], omissions: [], notices: [], statistics: null, participants: [] };

/** A call with what is there of its text; looked at anew while it is worked on. */
function useCall(id) {
  const [call, setCall] = useState(null);
  const [transcript, setTranscript] = useState(NOTHING);
  const [problem, setProblem] = useState("");
  useEffect(() => {
    const leaving = new AbortController();
    const options = { signal: leaving.signal };
    const read = () =>
      ask(transcriptionPath(id, "/Transcript"), options).then(setTranscript, (error) => {
        if (error.status !== 404) throw error; // there is no text yet
      });
    const load = async () => {
      const text = read(); // at the same time: that of a long call takes the server a second
      text.catch(() => null); // told below, unless there is no such call
      const { transcription } = await ask(transcriptionPath(id), options);
      setCall(transcription);
      await text;
      if (transcription.status !== "PENDING" && transcription.status !== "RUNNING") return;
      await follow(
        id,
        (event, changed) => {
          if (event === "deleted") setProblem("This call was deleted.");
          else setCall(changed);
          if (event === "transcript") read().catch(() => null);
        },
        leaving.signal,
      );
      const ended = await ask(transcriptionPath(id), options);
      setCall(ended.transcription);
      await read();
    };
    load().catch((error) => error.name !== "AbortError" && setProblem(error.message));
    return () => leaving.abort();
  }, [id]);
  return { call, transcript, problem };
}

/** The sentence in hand, and what its editor and the page do with it; null where nothing may be corrected. */
function useEditing(corrections, player, isAllowed) {
  const [frozen, setFrozen] = useState(null); // as it was when it was opened, so that nothing moves below who writes
  const before = useRef(null);
  const begin = (index) => {
    if (!isAllowed || !corrections.transcript.sentences[index] || frozen?.sentenceIndex === index) return;
    player?.element.pause();
    before.current = corrections.value(ofSentence(index));
    setFrozen(corrections.transcript.sentences[index]);
  };
  const close = (index, keeps) => {
    if (!before.current) return; // the focus leaves what is closed
    const was = before.current;
    before.current = null;
    if (!keeps) corrections.write(ofSentence(index), was);
    corrections.wrote(ofSentence(index), was);
    setFrozen(null);
    requestAnimationFrame(() => {
      const isElsewhere = document.activeElement !== document.body; // whoever has left for something else is there
      if (!isElsewhere) document.querySelector(`[data-sentence="${index}"] .edit`)?.focus({ preventScroll: true });
    });
  };
  const of = ({ sentenceIndex: index }) => ({
    value: corrections.value(ofSentence(index)), // what was written before the sentence was scrolled out of the page
    participants: corrections.transcript.participants,
    write: (value) => corrections.write(ofSentence(index), value),
    close: (keeps) => close(index, keeps),
  });
  const restore = ({ sentenceIndex, correction }) => {
    const what = ofSentence(sentenceIndex);
    const was = corrections.value(what);
    corrections.write(what, { text: correction.originalText, participantIndex: correction.originalParticipantIndex });
    corrections.wrote(what, was);
  };
  return { frozen, editing: isAllowed ? { index: frozen?.sentenceIndex, begin, of, restore } : null };
}

export function Call({ id, at, session }) {
  const { call, transcript: read, problem } = useCall(id);
  const isCompleted = read.status === "COMPLETED"; // what was read before has other sentences
  const corrections = useCorrections(session.accountSid, id, isCompleted ? read : null);
  const canEdit = may(session, "submit", "read");
  const [original, setOriginal] = useState(null);
  const [isUnredacted, setIsUnredacted] = useState(false);
  const [player, setPlayer] = useState(null);
  const [peaks, setPeaks] = useState(null);
  const [follows, setFollows] = useState(true);
  const [skips, setSkips] = useState(false);
  const [showsUnsure, setShowsUnsure] = useState(false);
  const [speed, setSpeed] = useState(1);
  const [isPlayable, setIsPlayable] = useState(true);
  const help = useRef(null);
  const { frozen, editing } = useEditing(corrections, player, canEdit && isCompleted && !original && Boolean(corrections.transcript));
  const transcript = useMemo(
    () => original ?? corrections.shown(frozen) ?? read,
    [original, corrections, corrections.revision, frozen, read],
  );
  const turns = useMemo(() => turnsOf(transcript), [transcript]);
  const words = useMemo(() => wordsOf(turns), [turns]);
  const duration = transcript.statistics?.durationSeconds ?? call?.duration ?? 0;
  const hasMedia = Boolean(call?.links?.media);
  const redaction = redactionOf(call);
  const bars = useMemo(() => (redaction ? barsOf(transcript) : []), [transcript, Boolean(redaction)]);
  const mayUnredact = isCompleted && redaction?.policy === "redacted_and_original" && may(session, "read_originals");
  const unredacted = isUnredacted ? { redacted: "false" } : {};

  const audio = useRef(null);
  useEffect(() => {
    if (!audio.current) return;
    const made = new Player(audio.current);
    setPlayer(made);
    return () => made.close();
  }, [hasMedia]);
  useEffect(() => {
    if (hasMedia) ask(address(transcriptionPath(id, "/Peaks"), unredacted)).then(setPeaks, () => null);
  }, [id, hasMedia, isUnredacted]);
  useEffect(() => {
    if (player) player.speech = speechOf(turns, PAUSE);
  }, [player, turns]);
  useEffect(() => {
    if (player && at > 0) player.seek(at);
  }, [player, at]);
  useEffect(() => {
    if (!player) return;
    player.skipsSilence = skips;
    player.element.playbackRate = speed;
  }, [player, skips, speed]);
  useEffect(() => {
    document.title = `${call ? titleOf(call) : "Call"} · callscribe`;
  }, [call]);
  // Before anybody sees the conversation, so that no key is lost; those that need no sound work without.
  useLayoutEffect(() => {
    const place = () => turns.findLastIndex((turn) => turn.start <= player.seconds + 0.05);
    const keys = {
      ...(player && {
        " ": () => player.toggle(),
        ArrowLeft: () => player.seek(player.seconds - STEP),
        ArrowRight: () => player.seek(player.seconds + STEP),
        ArrowUp: () => player.seek(turns[Math.max(0, place() - 1)]?.start ?? 0),
        ArrowDown: () => player.seek(turns[place() + 1]?.start ?? player.seconds),
      }),
      "[": () => setSpeed((known) => SPEEDS[Math.max(0, SPEEDS.indexOf(known) - 1)]),
      "]": () => setSpeed((known) => SPEEDS[Math.min(SPEEDS.length - 1, SPEEDS.indexOf(known) + 1)]),
      f: () => setFollows((known) => !known),
      s: () => setSkips((known) => !known),
      u: () => setShowsUnsure((known) => !known),
      e: () => editing?.begin(Number(document.activeElement.closest("[data-sentence]")?.dataset.sentence ?? sentenceAt(transcript, player?.seconds ?? 0))),
      "/": () => go(callsPath),
      "?": () => help.current.showModal(),
    };
    const pressed = (event) => {
      const typing = event.target.matches?.("input, select, textarea, [contenteditable]");
      const pressing = event.key === " " && event.target.matches?.("button, a, summary");
      const undoes = event.key === "z" && (event.ctrlKey || event.metaKey) && !event.shiftKey;
      if (undoes && !typing && corrections.undoable.length) {
        event.preventDefault();
        corrections.undo();
      }
      const act = keys[event.key];
      if (!act || typing || pressing || event.ctrlKey || event.metaKey || event.altKey) return;
      event.preventDefault();
      act();
    };
    addEventListener("keydown", pressed);
    return () => removeEventListener("keydown", pressed);
  }, [player, turns, editing]);
  const view = (which) => {
    const queries = { original: { version: "original" }, unredacted: { redacted: "false" } };
    const shown = (text) => {
      setOriginal(text);
      setIsUnredacted(which === "unredacted");
    };
    if (!queries[which]) shown(null);
    else ask(address(transcriptionPath(id, "/Transcript"), queries[which])).then(shown, () => null);
  };

  if (!call) return problem ? html`<p class="problem" role="alert">${problem}</p>` : html`<p class="loading" role="status">Loading …</p>`;
  const partyOfTurn = ({ sentences: [first] }) => ({
    name: nameOfSentence(first, transcript, call),
    channel: (transcript.participants[first.participantIndex]?.audioChannelIndex ?? first.audioChannelIndex) - 1,
  });
  const version = corrections.transcript?.version ?? 0;
  const participants = transcript.participants.length ? transcript.participants : call.participants;
  return html`
    <div class="call">
      <div class="head">
        <div>
          <h1>${titleOf({ ...call, participants })}</h1>
          <p class="faint">
            ${moment(call.audioStartedAt ?? call.createdAt)}${duration ? html` · ${clock(duration)}` : ""} ·
            ${" "}${languageName(transcript.language ?? call.resolvedConfiguration.language)} · ${(transcript.models ?? [call.resolvedConfiguration.servedBy.model]).join(", ")}
          </p>
        </div>
        <${Status} call=${call} />
        <${Downloads} call=${call} query=${isUnredacted ? unredacted : { version: original ? "original" : undefined }} />
      </div>
      <${People} participants=${participants} corrections=${corrections} canEdit=${Boolean(editing)} />
      ${problem && html`<p class="problem" role="alert">${problem}</p>`}
      ${call.error && html`<p class="problem" role="alert">${call.error.title}: ${call.error.detail} (${call.error.code})</p>`}
      ${transcript.notices.map((notice) => html`<p class="notice">${notice.detail}</p>`)}
      ${hasMedia && html`
        <audio ref=${audio} preload="metadata" src=${address(transcriptionPath(id, "/Media"), { playable: "true", ...unredacted })}
          onError=${() => setIsPlayable(false)}></audio>`}
      ${!isPlayable && html`<p class="problem" role="alert">This browser cannot play the recording.</p>`}
      ${player && duration > 0 && html`
        <${Waveform} peaks=${peaks} transcript=${transcript} duration=${duration} player=${player} bars=${bars} />
        <${Controls} player=${player} duration=${duration} speed=${speed} setSpeed=${setSpeed} follows=${follows} setFollows=${setFollows}
          skips=${skips} setSkips=${setSkips} showsUnsure=${showsUnsure} setShowsUnsure=${setShowsUnsure} help=${() => help.current.showModal()} />`}
      ${player && turns.length > 0 && html`
        <div class="above">
          <p class="hint">Click a word to hear it.${editing ? " Double click it, or take ✎, to put the sentence right." : ""}</p>
          <${Standing} corrections=${corrections} />
          ${(version > 0 || original || mayUnredact) && html`
            <label class="hint">Show
              <select value=${isUnredacted ? "unredacted" : original ? "original" : "latest"} onChange=${(event) => view(event.target.value)}>
                <option value="latest">${version > 0 ? "as corrected" : "redacted"}</option>
                ${version > 0 && html`<option value="original">as recognised</option>`}
                ${mayUnredact && html`<option value="unredacted">the original, not redacted</option>`}
              </select>
            </label>`}
        </div>
        <${Decisions} corrections=${corrections} />
        ${corrections.hasSaved && may(session, "administer") && html`<${Keyterms} call=${call} version=${version} />`}
        <${Conversation} turns=${turns} words=${words} parties=${partyOfTurn} player=${player} follows=${follows && !frozen} showsUnsure=${showsUnsure}
          at=${at} editing=${editing} redacts=${Boolean(redaction) && !isUnredacted} />`}
      ${call.status === "COMPLETED" && turns.length === 0 && html`<p class="empty">Nothing is said in this call.</p>`}
      ${transcript.statistics && html`<${Figures} transcript=${transcript} call=${call} refresh=${() => corrections.refresh()} />`}
      <${Versions} id=${id} version=${version} />
      <${Callbacks} call=${call} canSend=${canEdit} />
      <${Help} dialog=${help} />
    </div>
  `;
}

/** The index of the sentence that is being said at a time, or was said last. */
function sentenceAt(transcript, seconds) {
  const last = transcript.sentences.findLast((sentence) => sentence.startTimeSeconds <= seconds + 0.05);
  return (last ?? transcript.sentences[0])?.sentenceIndex;
}

function nameOfSentence(sentence, transcript, call) {
  const participants = transcript.participants.length ? transcript.participants : call.participants;
  if (sentence.participantIndex !== null && sentence.participantIndex !== undefined) return nameOf(participants[sentence.participantIndex]);
  return sentence.speaker ? `Speaker ${sentence.speaker}` : `Channel ${sentence.audioChannelIndex}`;
}

function Controls({ player, duration, speed, setSpeed, follows, setFollows, skips, setSkips, showsUnsure, setShowsUnsure, help }) {
  const place = useRef(null);
  const [plays, setPlays] = useState(false);
  useLayoutEffect(() => player.onTime((seconds) => {
    place.current.textContent = clock(seconds);
    setPlays(!player.element.paused);
  }), [player]);
  const toggle = (label, key, value, change) =>
    html`<button type="button" aria-pressed=${value} title=${`${label} (${key})`} onClick=${() => change(!value)}>${label}</button>`;
  return html`
    <div class="controls" role="group" aria-label="Player">
      <button type="button" class="primary play" onClick=${() => player.toggle()} aria-label=${plays ? "Pause" : "Play"}>${plays ? "❚❚" : "▶"}</button>
      <span class="place"><span ref=${place}>0:00</span> / ${clock(duration)}</span>
      <label>Speed
        <select value=${speed} onChange=${(event) => setSpeed(Number(event.target.value))}>
          ${SPEEDS.map((each) => html`<option value=${each}>${each}×</option>`)}
        </select>
      </label>
      ${toggle("Skip silence", "s", skips, setSkips)}
      ${toggle("Follow", "f", follows, setFollows)}
      ${toggle("Unsure words", "u", showsUnsure, setShowsUnsure)}
      <button type="button" class="quiet" onClick=${help} aria-label="Keys" title="Keys (?)">?</button>
    </div>
  `;
}

function Downloads({ call, query }) {
  if (!call.links?.transcript) return null;
  const formats = { json: "JSON, as the API answers", vtt: "WebVTT", srt: "SubRip", txt: "Text", docx: "DOCX, for Word and others" };
  return html`
    <details class="menu">
      <summary>Download</summary>
      <ul>
        ${Object.entries(formats).map(([suffix, name]) => html`
          <li><a href=${address(transcriptionPath(call.id, `/Transcript.${suffix}`), query)} download=${`${titleOf(call)}.${suffix}`}>${name}</a></li>`)}
        ${call.links.media && html`<li><a href=${address(transcriptionPath(call.id, "/Media"), { redacted: query.redacted })} download>Recording</a></li>`}
      </ul>
    </details>
  `;
}

/** They are of when the transcript was read: `refresh` reads it again behind corrections, when somebody looks. */
function Figures({ transcript, call, refresh }) {
  const { statistics, version, isStale } = transcript;
  const details = useRef(null);
  const name = (each) => nameOfSentence(each, transcript, call);
  const look = () => details.current.open && refresh().catch(() => null);
  useEffect(() => {
    if (isStale) look();
  }, [version, isStale]);
  return html`
    <details class="panel" ref=${details} onToggle=${look}>
      <summary>Figures: ${percent(statistics.speechSeconds / Math.max(statistics.durationSeconds, 0.001))} speech, ${statistics.overlapSeconds.toFixed(1)} s at once</summary>
      <div class="table" tabindex="0" role="region" aria-label="Figures">
      <table>
        <thead><tr><th>Who</th><th class="number">Talk</th><th class="number">Share</th><th class="number">Words a minute</th><th class="number">Turns</th><th class="number">Longest</th><th class="number">Interruptions</th></tr></thead>
        <tbody>
          ${statistics.participants.map((each) => html`
            <tr><td>${name(each)}</td><td class="number">${clock(each.talkTimeSeconds)}</td><td class="number">${percent(each.talkShare)}</td>
              <td class="number">${each.wordsPerMinute === null ? "" : Math.round(each.wordsPerMinute)}</td><td class="number">${each.turns}</td>
              <td class="number">${clock(each.longestTurnSeconds)}</td><td class="number">${each.interruptions}</td></tr>`)}
        </tbody>
      </table>
      </div>
    </details>
  `;
}

function Callbacks({ call, canSend }) {
  const [callbacks, setCallbacks] = useState([]);
  const [said, setSaid] = useState("");
  const path = transcriptionPath(call.id, "/Callbacks");
  const look = () => ask(path).then((answer) => setCallbacks(answer.callbacks), () => null);
  useEffect(() => {
    look();
  }, [call.status]);
  if (!callbacks.length) return null;
  const again = () => ask(path, { method: "POST" }).then(() => setSaid("Sent again."), (error) => setSaid(error.message)).then(look);
  return html`
    <details class="panel">
      <summary>Callbacks: ${callbacks.length}</summary>
      <ul>
        ${callbacks.map((each) => html`
          <li>${each.url} · ${each.status.toLowerCase()} · ${each.attempts.length} attempts</li>`)}
      </ul>
      ${canSend && html`<button type="button" onClick=${again}>Send again</button>`} <span role="status">${said}</span>
    </details>
  `;
}

function Help({ dialog }) {
  const keys = {
    Space: "play or pause",
    "← →": `${STEP} seconds back or on`,
    "↑ ↓": "the turn before or behind",
    "[ ]": "slower or faster",
    s: "skip silence",
    f: "follow what is said",
    u: "mark unsure words",
    e: "correct the sentence that is being said",
    "Ctrl Z": "undo a correction",
    "/": "search in all calls",
    "?": "these keys",
  };
  return html`
    <dialog ref=${dialog} aria-labelledby="keys-title">
      <h2 id="keys-title">Keys</h2>
      <dl class="keys">${Object.entries(keys).map(([key, what]) => html`<div><dt><kbd>${key}</kbd></dt><dd>${what}</dd></div>`)}</dl>
      <div class="actions"><button type="button" class="primary" onClick=${() => dialog.current.close()}>Close</button></div>
    </dialog>
  `;
}
