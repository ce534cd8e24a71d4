// What is written and not at the server yet: kept by this browser until it is there, for an account and a call.

import { SIGNED_OUT } from "./api.js";

const PREFIX = "callscribe.draft";
const LEFT = "callscribe.left"; // is there for a moment, so that other tabs hear of it

/** What this browser keeps; nothing where it keeps nothing, in a private window, say. */
function keys(prefix) {
  try {
    return Object.keys(localStorage).filter((key) => key.startsWith(prefix));
  } catch {
    return [];
  }
}

/** One of them; null where another tab has just dropped it, or it is not as this version writes them. */
function read(key) {
  try {
    return JSON.parse(localStorage.getItem(key));
  } catch {
    return null;
  }
}

let forgotten = 0; // how often; what was opened before keeps nothing any more

/** The drafts of one call, by what they are of. Each has a place of its own, so that two tabs do not write over one another. */
export class Drafts {
  constructor(account, id) {
    this.prefix = `${PREFIX}/${account}/${id}/`;
    this.opened = forgotten;
  }

  /** Whether whoever wrote them has signed out since. */
  get isForgotten() {
    return this.opened !== forgotten;
  }

  all() {
    const found = keys(this.prefix).map((key) => [key.slice(this.prefix.length), read(key)]);
    return new Map(found.filter(([, draft]) => draft?.value && draft.was));
  }

  put(what, draft) {
    if (this.isForgotten) return;
    try {
      localStorage.setItem(this.prefix + what, JSON.stringify(draft));
    } catch {
      // There is no room, or nothing is kept: it is still in the page.
    }
  }

  drop(what) {
    try {
      localStorage.removeItem(this.prefix + what);
    } catch {
      // Nothing was kept.
    }
  }
}

export const hasDrafts = () => keys(PREFIX).length > 0;

function forget() {
  forgotten += 1;
  for (const key of keys(PREFIX)) localStorage.removeItem(key);
}

/** Whoever signs in next finds nothing of them, in no tab. */
export function forgetDrafts() {
  forget();
  try {
    localStorage.setItem(LEFT, "");
    localStorage.removeItem(LEFT);
  } catch {
    // Nothing is kept, by other tabs neither.
  }
}

addEventListener("storage", ({ key, newValue }) => {
  if (key !== LEFT || newValue === null) return;
  forget();
  dispatchEvent(new Event(SIGNED_OUT));
});
