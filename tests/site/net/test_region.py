"""Memory that networks give back: it is reserved again, zeroed, and neighbouring stretches become one."""

from scrawl.net.region import MemoryPool, Region

from tests.support.networks.kernel_host import WasmtimeKernel


def test_what_is_given_back_is_reserved_again_zeroed() -> None:
    kernel = WasmtimeKernel()
    pool = MemoryPool(kernel)
    first, second = Region(pool), Region(pool)
    addresses = [first.alloc(100), first.alloc(60)]
    first.write(addresses[0], b"\xff" * 100)
    third = second.alloc(8)
    end = kernel.end
    assert (first.reserved, second.reserved) == (192, 64)
    first.release_all()
    assert second.alloc(180) == addresses[0]
    assert second.read_bytes(addresses[0], 180) == bytes(180)
    second.release_all()
    assert pool.free == [(addresses[0], third + 64 - addresses[0])]
    assert kernel.end == end
