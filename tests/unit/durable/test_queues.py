"""Which queues a worker serves, and in what order an account's work is done."""

from typing import get_args

from callscribe.configurations.options import TranscriptionOptions
from callscribe.durable.queues import BY_MODEL, PRIORITIES, Role, family, model_of, queue_name, rank, worker_queues
from callscribe.settings import Settings


def names(*roles: Role, models: tuple[str, ...] = ()) -> set[str]:
    return {lane.name for lane in worker_queues(Settings(), roles, models)}


def test_roles_and_models_decide_service() -> None:
    assert names(Role.FETCH, models=("base",)) == {"transcriptions", "suspects"}
    assert names(Role.CALLBACKS, Role.READING, Role.ERASURES) == {"callbacks", "reading", "erasures"}
    assert names(Role.RECOGNITION, models=("base",)) == {"recognition:base", "suspects:base"}
    assert names(Role.CHUNKS, models=("base", "tiny.en")) == {
        "chunks:base",
        "suspects:base",
        "chunks:tiny.en",
        "suspects:tiny.en",
    }
    assert names(Role.RECOGNITION) == set()


def test_default_worker_serves_all() -> None:
    assert [Role(name) for name in Settings().worker_queues] == list(Role)


def test_queue_name_tells_its_model() -> None:
    for each in worker_queues(Settings(), list(Role), ["/models/our own: v2"]):
        assert model_of(each.name) in {None, "/models/our own: v2"}
        assert family(each.name) in {"transcriptions", "recognition", "chunks", "suspects"} | {
            "callbacks",
            "reading",
            "erasures",
        }


def test_one_suspect_at_a_time() -> None:
    for each in worker_queues(Settings(), list(Role), ["base"]):
        if family(each.name) == "suspects":
            assert each.room == 1


def test_no_account_takes_all_unless_alone() -> None:
    for each in worker_queues(Settings(), list(Role), ["base"]):
        if each.name != "reading" and family(each.name) != "suspects":
            assert each.spare


def test_priority_comes_before_age() -> None:
    order = sorted((rank(priority, turn), priority, turn) for priority in PRIORITIES for turn in (0, 7, 10**8))
    assert [(priority, turn) for _, priority, turn in order] == [
        (priority, turn) for priority in ("high", "normal", "low") for turn in (0, 7, 10**8)
    ]
    assert rank(None, 3) == rank("normal", 3)
    assert rank("high", 0) >= 1  # what has none comes first
    assert rank("low", 10**8) < 2**31


def test_configuration_says_any_priority() -> None:
    annotation = TranscriptionOptions.model_fields["priority"].annotation
    literal = next(each for each in get_args(annotation) if get_args(each))
    assert set(get_args(literal)) == set(PRIORITIES)


def test_family_queues_do_not_collide() -> None:
    assert len({queue_name(each, "base") for each in BY_MODEL}) == len(BY_MODEL)
