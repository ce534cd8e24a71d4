"""Dual-channel calls with the time of every word, composed of synthesised phrases.

Each script is a conversation as a service line has them. In its text

    {name}            is chosen for each call anew
    [1455=fourteen fifty-five]   is written one way and said another
    <short> <long>    are pauses inside a turn of 0.3 to 0.9 s and 1 to 6 s
    ~                 at the beginning of a turn: it begins while the other party still speaks

Sentences follow one another after 0.15 to 0.5 s. Each call has a voice for each channel, levels and paces of its own,
and a little noise and hum on the line; sound is quantised as µ-law (ITU-T G.711), 8 kHz.
"""

import random
import re
import wave
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt

from voices import RATE, Audio, Flite, Piper, Voice

SCRIPTS: Final = (
    # An order that has not come.
    """
    Thank you for calling {company}. My name is {agent}. How can I help you today?
    Hi {agent}, this is {caller}. I ordered {thing} from you two weeks ago, and it still hasn't arrived.
    I'm sorry to hear that. Could you give me the order number, please?
    Yes. <short> Um, <short> it's {number}.
    Thank you. Just a moment while I look that up. <long> Okay, I can see what happened. The parcel left our warehouse \
    on {day}, but it was sent to {city}. It should reach you on {date}.
    ~Oh no.
    That's too late for us. We are leaving on {day} morning.
    I understand. <short> Then let me send you a new one today. You will have it before noon, and it won't cost you \
    anything.
    ~That would be perfect. Could you send me a confirmation?
    Yes. Which address should I use?
    The same as before. <short> {letters}, at example dot com.
    Great. <long> I have sent it right now. Is there anything else?
    No. That was all. Thank you for your help.
    You're welcome. Goodbye.
    Bye.
    """,
    # A bill that is too high.
    """
    Good morning, {company}, billing department, {agent} speaking.
    Good morning. I have a question about my bill. It says that I owe {price}, but I already paid half of it.
    Let me check that for you. What is your account number?
    One moment, I have to find it. <long> Here it is. {number}.
    ~Okay.
    And your name, please?
    {caller}.
    Thank you. <short> So, <short> I see a payment of {price} on {date}. Is that the one you mean?
    Yes, that's it.
    Then the rest is {price}. <long> Hold on. <short> There is a second charge that should not be there.
    ~I knew it.
    I am going to take it off right away. You should see the money in your account in three to five days.
    Well, <short> that's good to hear. And what about next month?
    Next month you will pay {price}, as always. Do you want to change the day of the payment?
    No.
    All right. Then you are all set.
    Thank you very much.
    Have a nice day.
    You too. Bye bye.
    """,
    # A table, a room, a visit.
    """
    Hello, this is the front desk of the {company} hotel. What can I do for you?
    Hello. I would like to book a room for two people, <short> from {date} until {date}.
    Certainly. <long> We have a double room for {price} a night, breakfast included.
    ~Is there a view of the lake?
    Not from that one. The room with a view is on the seventh floor, and it costs {price}.
    Hmm. <long> I think we will take that one. Can you hold it until {day}?
    Yes, of course. I need a name and a telephone number.
    My name is {caller}, and the number is {phone}.
    Let me repeat that. {phone}. Is that right?
    ~Right.
    When do you think you will arrive?
    Around {hour}. We come by train, so we may be a little late.
    That's no problem at all. Somebody is always here. Do you need a place to park?
    No, thank you. <short> But we have a small dog. Is that all right?
    Yes. Dogs are welcome. There is a fee of {price}.
    Okay. <short> Then we will see you in {city}.
    We are looking forward to it. Goodbye.
    Goodbye.
    """,
    # Something that does not work.
    """
    Technical support, my name is {agent}. May I have your customer number?
    {number}.
    Thank you, {caller}. What seems to be the problem?
    My internet connection is down. It worked last night, but since this morning there is nothing. The little light \
    on the box is red.
    I see. <short> Is it red all the time, or does it blink?
    Let me look. <long> It blinks.
    ~Good. Then please pull out the power cord, and wait for thirty seconds.
    Okay, it's out. <long> Can I plug it in again?
    Yes, please. Now it takes about two minutes until all the lights are green. <long> What do you see?
    The first one is green. <long> And the second one, too. The third is still red.
    That's strange. I will run a test from here. <long> Well, <short> it looks like there is a broken cable in your \
    street. They are working on it since {hour}.
    ~Really? Nobody told us.
    I am sorry. It should be fixed by {date}. We will take {price} off your next bill.
    That's fair. Can I use my phone until then?
    Yes. You have {count} gigabytes, and I have just added {count} more.
    Great, thanks a lot.
    You're welcome. Call us again if it doesn't work tomorrow.
    I will. Bye.
    """,
    # An appointment that has to move.
    """
    Doctor {agent}'s office, how may I help you?
    Hello, I have an appointment on {day} at {hour}, but I can't come. Could we move it?
    Sure. What's the name?
    {caller}.
    And your date of birth?
    {birth}.
    Thank you. <long> I could give you {date} at {hour}. Would that work?
    Let me think. <long> No. <short> I have to pick up my son from school that day. Do you have anything later?
    ~Yes, we do.
    How about the week after? On {day} at {hour}, or on {day} before ten.
    The second one is better. <short> Do I have to bring anything?
    Please bring your insurance card, and the letter from the hospital.
    ~Okay. And do I pay anything myself?
    Yes, there is a small fee. It is {price}. You can pay in cash, or by card.
    Fine. <short> Oh, and one more thing. The pills that you gave me make me tired. Should I take only one of them?
    I have to ask the doctor. <long> She says that half of one is enough. Take it in the evening, with a glass of water.
    All right. I will do that.
    Very good. See you next week.
    Thank you. Bye.
    """,
)

_CHOICES: Final = {
    "company": ["Riverside Outdoor", "Northern Light", "Green Valley", "Blue Harbor"],
    "agent": ["Daniel", "Laura", "Peter", "Martha", "Henry"],
    "caller": ["Emma Carter", "Robert Miller", "Susan Baker", "Thomas Green", "Alice Walker", "George Turner"],
    "thing": ["a tent", "two chairs", "a winter coat", "a pair of shoes"],
    "day": ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"],
    "city": ["Boston", "Chicago", "Denver", "London", "Toronto"],
    "number": [
        "[417=four one seven]",
        "[1455=fourteen fifty five]",
        "[90826=nine zero eight two six]",
        "[452=four hundred fifty two]",
        "[7731=seven seven three one]",
    ],
    "phone": [
        "[5550142=five five five zero one four two]",
        "[5550178=five five five zero one seven eight]",
        "[3035550117=three zero three five five five zero one one seven]",
    ],
    "price": [
        "[45=forty five] dollars",
        "[$1250=twelve hundred fifty] dollars",
        "[129=one hundred twenty nine] dollars",
        "[19=nineteen] dollars and [99=ninety nine] cents",
        "[80=eighty] dollars",
    ],
    "date": [
        "March [14th=fourteenth]",
        "the [3rd=third] of May",
        "June [21st=twenty first]",
        "October [9th=ninth]",
        "the [17th=seventeenth] of August",
    ],
    "hour": ["[9=nine] in the morning", "[630=six thirty]", "[11=eleven] o'clock", "half past [2=two]"],
    "birth": [
        "July [8th=eighth], [1974=nineteen seventy four]",
        "the [30th=thirtieth] of April, [1988=nineteen eighty eight]",
    ],
    "count": ["[10=ten]", "[25=twenty five]", "[50=fifty]"],
    "letters": ["e, m, m, a, c", "t, green", "b, r, k"],
}  # fmt: skip

_GAP: Final = (0.15, 0.5)
_TURN: Final = (0.1, 1.0)
_PAUSES: Final = {"short": (0.3, 0.9), "long": (1.0, 6.0)}
_EDGE: Final = 0.8
"""Seconds before the first word and after the last."""


@dataclass(frozen=True, slots=True)
class TrueWord:
    """A word as it is written, and when it is said. `spoken` are the words that it is said in, with their times."""

    channel: int
    text: str
    spoken: tuple[tuple[str, float, float], ...]


@dataclass(frozen=True, slots=True)
class Call:
    """A recording on disk and what is said in it, in order of channel and time."""

    path: Path
    seconds: float
    words: tuple[TrueWord, ...]


@dataclass(frozen=True, slots=True)
class _Phrase:
    """What is said in one breath after a pause: the words to say and how each is written."""

    pause: float
    said: tuple[str, ...]
    written: tuple[str, ...]


def make_calls(folder: Path, seed: int) -> Iterator[Call]:
    """Each script with each pair of voices, made the same way for the same seed and programs."""
    piper = Piper(seed)
    slt, rms, awb = (Flite(name) for name in ("slt", "rms", "awb"))
    pairs: list[tuple[Voice, Voice]] = [(piper, slt), (rms, piper), (piper, awb)]
    for number, (first, second) in enumerate(pairs):
        for kind, script in enumerate(SCRIPTS):
            chance = random.Random(f"{seed} {number} {kind}")
            yield _make(folder / f"call-{number}-{kind}.wav", script, (first, second), chance)


def _make(path: Path, script: str, voices: tuple[Voice, Voice], chance: random.Random) -> Call:
    chosen = {name: chance.sample(options, len(options)) for name, options in _CHOICES.items()}
    paces = [chance.uniform(0.9, 1.15) for _ in voices]
    placed: list[tuple[int, int, Audio]] = []
    words: list[TrueWord] = []
    end = _EDGE
    for index, line in enumerate(script.replace("\\\n", " ").strip().splitlines()):
        channel = index % 2
        overlaps = line.strip().startswith("~")
        at = max(_EDGE, end - chance.uniform(0.2, 0.8) if overlaps else end + chance.uniform(*_TURN))
        for phrase in _phrases(line.strip().lstrip("~"), chosen, chance):
            said = voices[channel].say(phrase.said, paces[channel])
            if said is None:
                continue
            first = round((at + phrase.pause) * RATE)
            start = first / RATE
            placed.append((channel, first, said.samples))
            words += _written(channel, phrase, [(start + low, start + high) for low, high in said.times])
            at = start + len(said.samples) / RATE
        end = max(end, at)
    sound = line_noise(round((end + _EDGE) * RATE), chance)
    peaks = [chance.uniform(0.15, 0.8) for _ in voices]
    for channel, first, samples in placed:
        sound[first : first + len(samples), channel] += samples * peaks[channel]
    write(path, sound)
    words.sort(key=lambda word: (word.channel, word.spoken[0][1]))
    return Call(path, len(sound) / RATE, tuple(words))


def _phrases(line: str, chosen: dict[str, list[str]], chance: random.Random) -> Iterator[_Phrase]:
    """The sentences of a turn and their parts between pauses. Slots take one choice after another."""

    def fill(slot: re.Match[str]) -> str:
        options = chosen[slot[1]]
        if slot[1] not in {"agent", "caller", "company"}:  # these stay themselves all through a call
            options.append(options.pop(0))
        return options[-1] if slot[1] not in {"agent", "caller", "company"} else options[0]

    line = re.sub(r"\{(\w+)\}", fill, line)
    pause = 0.0
    for part in re.split(r"(<\w+>|(?<=[.?!]) )", line):
        if part.startswith("<"):
            pause = chance.uniform(*_PAUSES[part[1:-1]])
        elif not part.strip():
            pause = pause or chance.uniform(*_GAP)
        else:
            yield _phrase(part, pause)
            pause = 0.0


def _phrase(text: str, pause: float) -> _Phrase:
    said: list[str] = []
    written: list[str] = []
    for number, number_said, mark, word in re.findall(r"\[([^=\]]+)=([^\]]+)\](\S*)|(\S+)", text):
        parts = number_said.split() if number else [word]
        parts[-1] += mark
        said += parts
        written += [number + mark if number else word, *[""] * (len(parts) - 1)]
    return _Phrase(pause, tuple(said), tuple(written))


def _written(channel: int, phrase: _Phrase, times: Sequence[tuple[float, float]]) -> Iterator[TrueWord]:
    """The phrase's words as they are written, a number with all the words it is said in."""
    parts = list(zip(phrase.said, phrase.written, times, strict=True))
    firsts = [index for index, (_, text, _) in enumerate(parts) if text]
    for first, after in zip(firsts, [*firsts[1:], len(parts)], strict=True):
        spoken = tuple((said, *time) for said, _, time in parts[first:after])
        yield TrueWord(channel, phrase.written[first], spoken)


def line_noise(samples: int, chance: random.Random) -> npt.NDArray[np.float32]:
    """Noise and hum of both channels' lines, `(samples, 2)`: between 70 and 50 dB below full scale."""
    random_numbers = np.random.default_rng(chance.randrange(2**32))
    noise = random_numbers.standard_normal((samples, 2))
    hum = np.sin(2 * np.pi * 60 * np.arange(samples) / RATE)[:, None]
    levels = np.array([10 ** (chance.uniform(-70, -50) / 20) for _ in range(2)])
    return ((noise + 0.5 * hum) * levels).astype(np.float32)


def write(path: Path, sound: npt.NDArray[np.float32]) -> None:
    """Write 16-bit PCM of what is left after µ-law coding (255, 8 bits)."""
    compressed = np.sign(sound) * np.log1p(255 * np.abs(sound.clip(-1, 1))) / np.log(256)
    steps = np.round(compressed * 127) / 127
    expanded = np.sign(steps) * np.expm1(np.abs(steps) * np.log(256)) / 255
    with wave.open(str(path), "wb") as file:
        file.setnchannels(2)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes(np.round(expanded * 32767).astype("<i2").tobytes())
