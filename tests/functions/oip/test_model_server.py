"""The Open Inference Protocol's core: outputs, versions, binary tensors' framing, and what is refused."""

import msgspec
import numpy as np
import pytest

from functions.dataset.shards import Digits
from functions.errors import FormatError, InvalidValueError, NotFoundError
from functions.jobs.launchers import ThreadLauncher
from functions.oip import binary_tensors
from functions.oip import model_server as core
from functions.oip.messages import InferRequest
from functions.service import Service
from functions.settings import Settings
from functions.storage.memory import MemoryStore
from tests.support.digits.samples import digit_like

IMAGES = digit_like(2, seed=3)[0]  # (B, D)
ALL = ("probabilities", "log_probabilities", "label")


@pytest.fixture
def service(memory: MemoryStore) -> Service:
    return Service(Settings("none"), memory, ThreadLauncher())


def asked(text: bytes) -> InferRequest:
    return msgspec.json.decode(text, type=InferRequest)


def test_outputs_say_the_same_in_three_ways(service: Service) -> None:
    found = core.infer(service, "mlp-128", None, IMAGES, ALL)
    version, score = service.predictor("mlp-128").reader()
    expected = np.exp(score(IMAGES))
    assert (found.model, found.version) == ("mlp-128", version.version)
    np.testing.assert_array_equal(found.outputs["probabilities"], expected)
    np.testing.assert_allclose(np.exp(found.outputs["log_probabilities"]), expected, rtol=1e-6)
    np.testing.assert_array_equal(found.outputs["label"], expected.argmax(1))
    assert [array.dtype.name for array in found.outputs.values()] == ["float32", "float32", "int64"]


@pytest.mark.parametrize("names", [("label",), ("label", "probabilities"), ()])
def test_outputs_come_as_asked_for(service: Service, names: tuple[str, ...]) -> None:
    chosen = core.chosen_outputs(names)
    assert tuple(core.infer(service, "mlp-128", None, IMAGES, chosen).outputs) == (names or ALL)


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (["scores"], "there is no output 'scores'; there are: probabilities, log_probabilities, label"),
        (["label", "label"], "every output can be asked for once, got label, label"),
    ],
)
def test_wrong_outputs_are_refused(names: list[str], message: str) -> None:
    with pytest.raises(InvalidValueError, match=message):
        core.chosen_outputs(names)


@pytest.mark.parametrize("names", [[], ["images", "images"], ["images", "mask"]])
def test_more_or_fewer_inputs_than_one_are_refused(names: list[str]) -> None:
    with pytest.raises(InvalidValueError, match="expected exactly one input, the images, got"):
        core.check_inputs(names)


def test_large_batch_is_read_in_parts_with_one_version(service: Service) -> None:
    many = np.tile(IMAGES, (600, 1))
    calls: list[int] = []
    found = core.infer(service, "mlp-128", None, many, ("probabilities",), lambda: calls.append(1))
    one = core.infer(service, "mlp-128", None, IMAGES, ("probabilities",))
    np.testing.assert_allclose(
        found.outputs["probabilities"].astype(np.float32),
        np.tile(one.outputs["probabilities"].astype(np.float32), (600, 1)),
        rtol=1e-5,
    )
    assert len(calls) > 1


def test_batch_is_given_up_when_nobody_waits(service: Service) -> None:
    def go_on() -> None:
        raise TimeoutError

    with pytest.raises(TimeoutError):
        core.infer(service, "mlp-128", None, IMAGES, ALL, go_on)


def teach(service: Service) -> str:
    lesson = service.model("mlp-128").train_step(Digits.of(service.dataset.first("test", 1)), 0.05)
    return lesson.version.version


def test_older_version_answers_as_it_did(service: Service) -> None:
    before = core.infer(service, "mlp-128", None, IMAGES, ALL)
    now = teach(service)
    after = core.infer(service, "mlp-128", None, IMAGES, ALL)
    again = core.infer(service, "mlp-128", before.version, IMAGES, ALL)
    assert after.version == now
    assert again.version == before.version
    np.testing.assert_array_equal(again.outputs["probabilities"], before.outputs["probabilities"])
    assert not np.array_equal(after.outputs["probabilities"], before.outputs["probabilities"])


def test_metadata_names_the_versions_newest_first(service: Service) -> None:
    before = service.model("mlp-128").weights.current().version
    now = teach(service)
    metadata = core.model_metadata(service, "mlp-128", before)
    assert metadata.versions == [now, before]
    assert metadata.inputs[0].shape == [-1, 784]


@pytest.mark.parametrize("version", ["1", "../current", "20200101T000000000-00000000", "x" * 300])
def test_unknown_version_is_not_found(service: Service, version: str) -> None:
    with pytest.raises(NotFoundError, match="mlp-128 has no version"):
        core.model_metadata(service, "mlp-128", version)
    with pytest.raises(NotFoundError, match="mlp-128 has no version"):
        service.readiness.check_model("mlp-128", version)


@pytest.mark.parametrize("length", ["-1", "11", "ten", "1.5", "²", "1" * 5000])
def test_wrong_length_of_the_json_is_refused(length: str) -> None:
    with pytest.raises(FormatError, match="Inference-Header-Content-Length must be the length of the JSON"):
        binary_tensors.split(b"0123456789", length)


SENT = '{"inputs":[{"name":"images","shape":[1,784],"datatype":"UINT8"%s}]%s}'


@pytest.mark.parametrize(
    ("tensor", "request_", "tail", "message"),
    [
        ("", "", 0, "input 'images' has neither data nor binary_data_size"),
        (',"parameters":{"binary_data_size":784},"data":[0]', "", 784, "has both data and binary_data_size"),
        (',"parameters":{"binary_data_size":784}', "", 783, "adds up to 784 bytes, 783 come behind the JSON"),
        (',"data":[0]', "", 1, "adds up to 0 bytes, 1 come behind the JSON"),
        (',"parameters":{"binary_data_size":-1}', "", 0, "must be a number of bytes, got -1"),
        (',"parameters":{"binary_data_size":true}', "", 1, "must be a number of bytes, got True"),
        (',"parameters":{"shared_memory_region":"a"}', "", 0, "'shared_memory_region' is not supported here"),
        ("", ',"parameters":{"binary_data_output":2}', 0, "binary_data_output must be true or false, got 2"),
        ("", ',"outputs":[{"name":"label","parameters":{"binary_data":"yes"}}]', 0, "got 'yes'"),
        (
            "",
            ',"outputs":[{"name":"label","parameters":{"classification":3}}]',
            0,
            "'classification' is not",
        ),
    ],
)
def test_contradictory_request_is_refused(tensor: str, request_: str, tail: int, message: str) -> None:
    request = asked((SENT % (tensor, request_)).encode())
    with pytest.raises((FormatError, InvalidValueError), match=message):
        binary_tensors.binary_outputs(request, ALL)
        binary_tensors.images(request, memoryview(bytes(tail)))


def test_output_overrides_what_the_request_says_of_all() -> None:
    outputs = '"outputs":[{"name":"label","parameters":{"binary_data":false}},{"name":"probabilities"}]'
    request = asked((SENT % ("", ',"parameters":{"binary_data_output":true},' + outputs)).encode())
    assert binary_tensors.binary_outputs(request, ("label", "probabilities")) == {"probabilities"}


def test_body_without_json_is_raw_images() -> None:
    text, tail = binary_tensors.split(IMAGES.tobytes(), "0")
    request = binary_tensors.raw_request(tail)
    assert not text
    np.testing.assert_array_equal(binary_tensors.images(request, tail), IMAGES)
    assert binary_tensors.binary_outputs(request, ALL) == set(ALL)


@pytest.mark.parametrize("size", [0, 784, 3137])
def test_body_without_json_has_whole_images(size: int) -> None:
    with pytest.raises(FormatError, match=f"3136 bytes an image, got {size} bytes"):
        binary_tensors.raw_request(memoryview(bytes(size)))
