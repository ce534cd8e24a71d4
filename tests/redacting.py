"""Sentences for the finder, and what it found in them."""

from collections.abc import Collection, Sequence

from callscribe.redaction.entities import ALL, Entity
from callscribe.redaction.finding import Found, Said, find


def call(lines: Sequence[tuple[int, str]], language: str | None) -> list[Said]:
    """Sentences by party, three seconds each."""
    return [Said(text, language, party, 3.0 * n, 3.0 * n + 2.5) for n, (party, text) in enumerate(lines)]


def spoken(*texts: str, language: str | None = "en") -> list[Said]:
    """Sentences of two parties in turn."""
    return call([(n % 2, text) for n, text in enumerate(texts)], language)


def marked(said: Sequence[Said], wanted: Collection[Entity] = ALL, names: Sequence[str] = ()) -> list[str]:
    """The texts with `[ENTITY: ...]` around what is found."""
    texts = [sentence.text for sentence in said]
    for found in reversed(find(said, wanted, names)):
        text = texts[found.sentence]
        inside = text[found.first : found.behind]
        texts[found.sentence] = f"{text[: found.first]}[{found.entity}: {inside}]{text[found.behind :]}"
    return texts


def uncovered(said: Sequence[Said], found: Sequence[Found], sentence: int, secret: str) -> str:
    """Letters and digits of a secret that no entity covers."""
    text = said[sentence].text
    start = text.index(secret)
    covered = {place for each in found if each.sentence == sentence for place in range(each.first, each.behind)}
    return "".join(
        text[place] for place in range(start, start + len(secret)) if text[place].isalnum() and place not in covered
    )


def plain(text: str) -> str:
    """A marked text as it was said: without labels and brackets."""
    while "[" in text:
        before, _, rest = text.partition("[")
        inside, _, after = rest.partition("]")
        text = before + inside.partition(": ")[2] + after
    return text
