// The audio of a call: an element of the page, and those who want to know where it is.

export const SPEEDS = [0.5, 0.75, 1, 1.25, 1.5, 1.75, 2, 2.5, 3];
const LEAD = 0.15; // seconds of silence that are left before speech

/** Plays one recording; `element` is its audio element. Speech is [start, end] in seconds, in order. */
export class Player {
  constructor(element) {
    this.element = element;
    this.speech = [];
    this.skipsSilence = false;
    this.listeners = new Set();
    this.frame = 0;
    const tell = () => this.tell();
    for (const name of ["seeked", "pause", "loadedmetadata", "timeupdate"]) element.addEventListener(name, tell);
    element.addEventListener("play", () => this.run());
  }

  get seconds() {
    return this.element.currentTime;
  }

  /** Call `listener` with the place in seconds whenever it changes, at each frame while it plays; gives how to stop. */
  onTime(listener) {
    this.listeners.add(listener);
    listener(this.seconds);
    return () => this.listeners.delete(listener);
  }

  seek(seconds) {
    this.element.currentTime = Math.max(0, seconds);
    this.tell();
  }

  playFrom(seconds) {
    this.seek(seconds);
    this.play();
  }

  play() {
    this.element.play().catch(() => null); // paused meanwhile; what cannot be played is an event of the element
  }

  toggle() {
    if (this.element.paused) this.play();
    else this.element.pause();
  }

  close() {
    cancelAnimationFrame(this.frame);
    this.listeners.clear();
    this.element.pause();
  }

  run() {
    cancelAnimationFrame(this.frame);
    if (this.element.paused) return;
    if (this.skipsSilence) this.skip();
    this.tell();
    this.frame = requestAnimationFrame(() => this.run());
  }

  skip() {
    const next = this.speech.find(([, end]) => end > this.seconds);
    if (next && next[0] - LEAD > this.seconds + LEAD) this.element.currentTime = next[0] - LEAD;
  }

  tell() {
    for (const listener of this.listeners) listener(this.seconds);
  }
}
