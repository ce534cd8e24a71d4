// A transcript as what is shown: turns of one party, what was left out between them, words in the order of their times.

const MOST_SENTENCES = 6; // a long monologue is several turns, so that few nodes are drawn at once

/** Who says a sentence, as one text: a channel, or a speaker who shares one, and the participant who that is. */
const partyOf = (sentence) => `${sentence.audioChannelIndex}/${sentence.speaker ?? ""}/${sentence.participantIndex ?? ""}`;

/** Turns and omissions in the order of their starts. */
export function turnsOf(transcript) {
  const turns = [];
  for (const sentence of transcript.sentences) {
    const last = turns[turns.length - 1];
    if (last && last.party === partyOf(sentence) && last.sentences.length < MOST_SENTENCES) {
      last.sentences.push(sentence);
      last.end = Math.max(last.end, sentence.endTimeSeconds);
    } else {
      turns.push({ kind: "turn", party: partyOf(sentence), start: sentence.startTimeSeconds, end: sentence.endTimeSeconds, sentences: [sentence] });
    }
  }
  for (const omission of transcript.omissions) {
    turns.push({ kind: "omission", start: omission.startTimeSeconds, end: omission.endTimeSeconds, omission });
  }
  return turns.sort((one, other) => one.start - other.start);
}

/** All words in the order of their starts, each with its turn's place; `place` in the list is a word's number. */
export function wordsOf(turns) {
  const words = [];
  turns.forEach((turn, place) => {
    for (const sentence of turn.sentences ?? []) {
      sentence.words.forEach((word, index) => {
        words.push({ start: word.startTimeSeconds, end: word.endTimeSeconds, turn: place, name: `${sentence.sentenceIndex}-${index}` });
      });
    }
  });
  return words.sort((one, other) => one.start - other.start);
}

/** The last place whose value (by `of`, ascending) is at most `limit`; -1 where there is none. */
export function lastAtMost(list, limit, of) {
  let [low, high] = [0, list.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (of(list[middle]) <= limit) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}

const OVERLAPPING = 50; // words of two parties who talk at once: the one that is said may be as many back

/** The words that are being said at a time. */
export function saidAt(words, seconds) {
  const last = lastAtMost(words, seconds, (word) => word.start);
  return words.slice(Math.max(0, last - OVERLAPPING), last + 1).filter((word) => word.end > seconds);
}

/** Stretches in which anybody speaks, as [start, end] in seconds: gaps of less than `pause` do not count. */
export function speechOf(turns, pause) {
  const spans = [];
  for (const { start, end } of turns) {
    const last = spans[spans.length - 1];
    if (last && start - last[1] < pause) last[1] = Math.max(last[1], end);
    else spans.push([start, end]);
  }
  return spans;
}
