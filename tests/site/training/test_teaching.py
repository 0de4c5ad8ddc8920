"""The worker's teacher, run on the real kernel: one digit is taught, and a lesson is taken back."""

from scrawl.net.calibration import Calibration
from scrawl.training.teaching import MOST_TAKEN_BACK, Teacher

from tests.support.networks.kernel_host import WasmtimeKernel
from tests.support.networks.kernel_networks import as_bytes
from tests.support.networks.trainers import digits, new_network


def test_teacher_teaches_gently(kernel: WasmtimeKernel) -> None:
    network, picture = new_network(kernel, 3), digits(10)[1][4]
    address = kernel.put(picture)
    before, after, steps = Teacher(kernel, network).teach(address, picture.tobytes(), bytes([9]))
    assert before < after
    assert 1 <= steps <= 40
    assert network.predict(address)[9] == after


def test_lessons_are_taken_back_to_the_last_bit(kernel: WasmtimeKernel) -> None:
    network, other, picture = new_network(kernel, 3), new_network(kernel, 4), digits(10)[1][4]
    teacher, address, states = Teacher(kernel, network), kernel.put(picture), []
    network.calibration = calibration = Calibration(1.5)
    for label in range(MOST_TAKEN_BACK + 2):
        states.append(as_bytes(network.export()))
        teacher.teach(address, picture.tobytes(), bytes([label]))
    teacher.network = other
    assert not teacher.take_back()  # those were another network's
    teacher.network = network
    for count in range(MOST_TAKEN_BACK, 0, -1):
        assert teacher.count_lessons() == count
        assert teacher.take_back()
        assert as_bytes(network.export()) == states.pop()
    assert not teacher.take_back()
    assert network.calibration is not calibration  # of before a lesson that is too long ago
    network.calibration = calibration
    teacher.teach(address, picture.tobytes(), bytes([1]))
    teacher.take_back()
    assert network.calibration is calibration
    teacher.teach(address, picture.tobytes(), bytes([1]))
    teacher.forget(network)
    assert not teacher.take_back()
