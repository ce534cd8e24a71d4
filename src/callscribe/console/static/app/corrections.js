// What somebody puts right in a call, from the first key to the server's answer. Nothing is dropped before it is there:
// a draft is kept by the browser, sent again after an outage, and shown beside what somebody else wrote meanwhile.
import { ask, transcriptionPath } from "./api.js";
import { Drafts } from "./drafts.js";
import { useEffect, useMemo, useState } from "./html.js";

const PAUSE = 1500; // milliseconds without a key until what is typed is saved
const AGAIN = [1000, 3000, 10000, 30000]; // after an outage; the last of them again and again
const MOST = 500; // edits that the server takes at once
const MOST_TEXT = 200000; // characters of them: a body may have a mebibyte, and a character four bytes

export const ofSentence = (index) => `sentence/${index}`;
export const ofParticipant = (index) => `participant/${index}`;
const [isSentence, indexOf] = [(what) => what.startsWith("sentence/"), (what) => Number(what.split("/")[1])];

const same = (one, other) => Object.keys(one).every((name) => one[name] === other[name]);
const isBlank = (value) => value.text !== undefined && !value.text.trim();
const CONTROL = /[\u0000-\u001f\u007f-\u009f\u2028-\u202e\u2066-\u2069]/g; // which the server refuses
const line = (text) => text.replace(/\s+/g, " ").replace(CONTROL, "").trim();
const tidy = ({ text, name, ...rest }) => ({
  ...rest,
  ...(text === undefined ? {} : { text: line(text) }),
  ...(name === undefined ? {} : { name: line(name ?? "") || null }),
});

/**
 * The corrections of one call. A draft has its `value`, what it `was` at the server when it was begun, what was `sent` of
 * it last, and where it is stuck `theirs` (what somebody else wrote) or `problem`.
 */
export class Corrections {
  constructor(account, id) {
    this.path = transcriptionPath(id, "/Transcript");
    this.store = new Drafts(account, id);
    this.drafts = this.store.all();
    this.transcript = null;
    this.undoable = [];
    this.failures = 0;
    this.hasSaved = false;
    this.isSaving = false;
    this.isSignedOut = false;
    this.timer = 0;
    this.listener = () => null;
    this.revision = 0;
  }

  /** Call `listener` whenever what is to be shown has changed; gives how to stop. */
  listen(listener) {
    this.listener = listener;
    const online = () => this.save();
    addEventListener("online", online);
    return () => {
      removeEventListener("online", online);
      clearTimeout(this.timer);
      this.save(); // whoever leaves the page of the call has done with it
      this.listener = () => null;
    };
  }

  tell() {
    this.revision += 1;
    this.listener(this.revision);
  }

  /** Take the latest version from the server, and what is left of drafts in it. */
  load(transcript) {
    this.transcript = transcript;
    for (const [what, draft] of [...this.drafts]) this.settle(what, draft);
    this.tell();
    this.save();
  }

  /** What stands at the server, by now. */
  current(what) {
    if (!isSentence(what)) return { name: this.transcript.participants[indexOf(what)]?.name ?? null };
    const { text, participantIndex } = this.transcript.sentences[indexOf(what)] ?? {};
    return { text, participantIndex };
  }

  value(what) {
    return this.drafts.get(what)?.value ?? this.current(what);
  }

  /** Somebody writes. It is saved once they pause. */
  write(what, value) {
    const known = this.drafts.get(what);
    const draft = { was: this.current(what), ...known, value: tidy(value), problem: undefined };
    if (same(draft.value, draft.was) && !known?.sent) this.drop(what);
    else this.keep(what, draft);
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.save(), PAUSE);
    if (!known !== !this.drafts.has(what)) this.tell();
  }

  /** Somebody has written: it is saved at once, and can be undone. */
  wrote(what, before) {
    const value = this.value(what);
    if (isBlank(value)) this.write(what, before);
    else if (!same(before, value)) this.undoable.push({ what, value: before });
    this.tell();
    this.save();
  }

  undo() {
    const last = this.undoable.pop();
    if (!last) return;
    this.write(last.what, last.value);
    this.tell();
    this.save();
  }

  /** Of two texts, keep one's own or the other one. */
  decide(what, isMine) {
    const draft = this.drafts.get(what);
    if (isMine) this.keep(what, { value: draft.value, was: draft.theirs });
    else this.drop(what);
    this.tell();
    this.save();
  }

  /** Send what the server refused once more. */
  again(what) {
    const { value, was } = this.drafts.get(what);
    this.keep(what, { value, was });
    this.save();
  }

  get conflicts() {
    return [...this.drafts].filter(([, draft]) => draft.theirs);
  }

  get problems() {
    return [...this.drafts].filter(([, draft]) => draft.problem);
  }

  /** What can be sent. */
  get ready() {
    return [...this.drafts].filter(([, draft]) => !draft.theirs && !draft.problem && !isBlank(draft.value));
  }

  /** How it stands with what was written, in a sentence; empty where nothing was. */
  get said() {
    if (this.isSaving) return "Saving …";
    const waiting = this.ready.length;
    if (waiting && this.failures) return "Not saved yet: the server cannot be reached. It is kept here and sent again.";
    if (waiting) return "Not saved yet …";
    return this.hasSaved && !this.drafts.size ? `Saved: version ${this.transcript.version}.` : "";
  }

  async save() {
    clearTimeout(this.timer);
    if (this.isSaving || !this.transcript || this.store.isForgotten) return;
    const sent = fitting(this.ready);
    if (!sent.length) return;
    this.isSaving = true;
    for (const [what, draft] of sent) this.keep(what, { ...draft, sent: draft.value });
    this.tell();
    try {
      this.took(await ask(this.path, { method: "PATCH", body: bodyOf(this.transcript.version, sent) }), sent);
      this.failures = 0;
    } catch (error) {
      await this.refused(error, sent);
    }
    this.isSaving = false;
    this.tell();
    const delay = this.failures ? AGAIN[Math.min(this.failures, AGAIN.length) - 1] : PAUSE;
    if (this.ready.length && !this.isSignedOut) this.timer = setTimeout(() => this.save(), delay);
  }

  took({ version, participants, sentences }, sent) {
    const all = [...this.transcript.sentences];
    for (const sentence of sentences) all[sentence.sentenceIndex] = sentence;
    this.transcript = { ...this.transcript, version, participants, sentences: all, isStale: true };
    this.hasSaved = true;
    for (const [what, { value }] of sent) {
      const draft = this.drafts.get(what); // written on, perhaps, since it was sent
      if (draft && same(draft.value, value)) this.drop(what);
      else if (draft) this.keep(what, { value: draft.value, was: this.current(what) });
    }
  }

  async refused(error, sent) {
    if (error.status === 409) {
      try {
        this.transcript = await ask(this.path);
        for (const [what, draft] of [...this.drafts]) this.settle(what, draft);
        this.failures = 0;
      } catch {
        this.failures += 1;
      }
    } else if (!error.status || error.status === 429 || error.status >= 500) {
      this.failures += 1;
    } else if (error.status === 401) {
      this.isSignedOut = true; // the drafts wait here for whoever signs in to the account again
    } else {
      for (const [what, { value }] of sent) this.keep(what, { ...this.drafts.get(what), value, problem: error.message });
    }
  }

  /** A draft, and what the server has by now: there already, good still, or beside what somebody else wrote. */
  settle(what, draft) {
    const now = this.current(what);
    const isOwn = draft.sent && same(draft.sent, now); // the answer was lost
    if (isBlank(draft.value) || same(draft.value, now)) this.drop(what);
    else if (isOwn || same(draft.was, now)) this.keep(what, { ...draft, was: now, theirs: undefined });
    else this.keep(what, { ...draft, theirs: now });
  }

  keep(what, draft) {
    this.drafts.set(what, draft);
    this.store.put(what, draft);
  }

  drop(what) {
    this.drafts.delete(what);
    this.store.drop(what);
  }

  /** Figures and all, as they are by now. */
  async refresh() {
    if (!this.transcript?.isStale || this.isSaving) return;
    const version = this.transcript.version;
    const latest = await ask(this.path);
    if (this.transcript.version === version && !this.isSaving) this.load(latest);
  }

  /** The latest version with what is not saved yet, but for the sentence that is being written, which stays. */
  shown(editing) {
    if (!this.transcript) return null;
    const sentences = [...this.transcript.sentences];
    const participants = [...this.transcript.participants];
    for (const [what, { value }] of this.drafts) {
      const index = indexOf(what);
      if (!isSentence(what)) participants[index] = { ...participants[index], name: value.name };
      else if (sentences[index]) sentences[index] = { ...sentences[index], ...value, isPending: true, words: plainWords(sentences[index], value.text) };
    }
    if (editing) sentences[editing.sentenceIndex] = editing;
    return { ...this.transcript, sentences, participants };
  }
}

/** As many of these drafts as go into one request, from the first on. */
function fitting(drafts) {
  let left = MOST_TEXT;
  return drafts.slice(0, MOST).filter(([, { value }], place) => (left -= value.text?.length ?? 0) >= 0 || place === 0);
}

function bodyOf(baseVersion, sent) {
  const changed = ({ value, was }) => {
    const changes = Object.entries(value).filter(([name, each]) => each !== was[name]);
    return changes.length ? Object.fromEntries(changes) : value; // put back, perhaps behind an answer that was lost
  };
  const of = (kind, name) =>
    sent.filter(([what]) => isSentence(what) === kind).map(([what, draft]) => ({ [name]: indexOf(what), ...changed(draft) }));
  return { baseVersion, edits: of(true, "sentenceIndex"), participants: of(false, "participantIndex") };
}

/** Words whose times the server will say: until then they all have the sentence's. */
function plainWords(sentence, text) {
  if (text === sentence.text) return sentence.words;
  const { startTimeSeconds, endTimeSeconds } = sentence;
  return text.split(" ").filter(Boolean).map((word) => ({ text: word, startTimeSeconds, endTimeSeconds, confidence: 1, edited: true }));
}

/** The corrections of a call, which is shown anew when they change; `transcript` is its latest once it is completed. */
export function useCorrections(account, id, transcript) {
  const [, setRevision] = useState(0);
  const corrections = useMemo(() => new Corrections(account, id), [account, id]);
  useEffect(() => corrections.listen(setRevision), [corrections]);
  useEffect(() => {
    if (transcript) corrections.load(transcript);
  }, [corrections, transcript]);
  return corrections;
}
