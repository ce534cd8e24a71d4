"""Languages as servers name them in their answers: by code, or by their English names as in Whisper."""

from types import MappingProxyType
from typing import Final

UNKNOWN: Final = "und"
"""What BCP 47 has for a language that nobody determined."""

_NAMES: Final = (
    "en:english zh:chinese de:german es:spanish ru:russian ko:korean fr:french ja:japanese pt:portuguese tr:turkish "
    "pl:polish ca:catalan nl:dutch ar:arabic sv:swedish it:italian id:indonesian hi:hindi fi:finnish vi:vietnamese "
    "he:hebrew uk:ukrainian el:greek ms:malay cs:czech ro:romanian da:danish hu:hungarian ta:tamil no:norwegian "
    "th:thai ur:urdu hr:croatian bg:bulgarian lt:lithuanian la:latin mi:maori ml:malayalam cy:welsh sk:slovak "
    "te:telugu fa:persian lv:latvian bn:bengali sr:serbian az:azerbaijani sl:slovenian kn:kannada et:estonian "
    "mk:macedonian br:breton eu:basque is:icelandic hy:armenian ne:nepali mn:mongolian bs:bosnian kk:kazakh "
    "sq:albanian sw:swahili gl:galician mr:marathi pa:punjabi si:sinhala km:khmer sn:shona yo:yoruba so:somali "
    "af:afrikaans oc:occitan ka:georgian be:belarusian tg:tajik sd:sindhi gu:gujarati am:amharic yi:yiddish lo:lao "
    "uz:uzbek fo:faroese ht:haitian_creole ps:pashto tk:turkmen nn:nynorsk mt:maltese sa:sanskrit lb:luxembourgish "
    "my:myanmar bo:tibetan tl:tagalog mg:malagasy as:assamese tt:tatar haw:hawaiian ln:lingala ha:hausa ba:bashkir "
    "jw:javanese su:sundanese yue:cantonese"
)
"""The languages that Whisper knows (openai/whisper, `tokenizer.py`, `LANGUAGES`)."""

_CODES: Final = MappingProxyType(
    {name.replace("_", " "): code for code, name in (each.split(":") for each in _NAMES.split())}
)


def code_of(language: str) -> str | None:
    """The ISO 639 code of a language as an answer names it (`english`, `en`, `en-US`); None for no language."""
    name = language.strip().lower().replace("_", "-")
    if name in _CODES:
        return _CODES[name]
    code = name.partition("-")[0]
    return code if code in _CODES.values() else None
