"""Our contender's worker: trains with the page's kernel when the benchmark's page says so."""

from typing import TYPE_CHECKING

from browser import aio, self
from javascript import JSON
from scrawl.net import optimizers  # noqa: F401 (the network takes them from there)
from scrawl.net.network import Network, Samples
from scrawl.worker.kernel import load_kernel
from scrawl.worker.team import Team

if TYPE_CHECKING:
    from typing import Any

state: "dict[str, Any]" = {}


async def fetch(url: str, how: str) -> "Any":
    response = await self.fetch(url)
    return await getattr(response, how)()


async def set_up() -> None:
    """Load the kernel, the settings and the digits, and build the network."""
    settings = await fetch("settings.json", "json")
    urls = {"helper": "helper.js"}
    for kind, name in (("plain", "kernel"), ("threads", "kernel-threads")):
        relaxed = kind + "Relaxed" if kind == "threads" else "relaxed"
        urls[kind] = f"{name}{'-relaxed' if settings.build == 'relaxed' else ''}.wasm"
        urls[relaxed] = f"{name}{'' if settings.build == 'plain' else '-relaxed'}.wasm"
    kernel = await load_kernel(urls)
    block = self.Uint8Array.new(await fetch("digits.bin", "arrayBuffer"))
    count = settings.count
    samples = Samples(kernel, count)
    samples.store(0, block.subarray(16, 16 + count), block.subarray(16 + count))
    layers = [layer.to_dict() for layer in settings.layers]
    parameters = [parameter.to_dict() for parameter in settings.parameters]
    network = Network(kernel, layers, parameters, settings.batch)
    network.randomise(1)
    state["team"] = Team(kernel, lambda threads, why: self.console.info(f"{threads} threads {why}"))
    state.update(samples=samples, network=network, settings=settings, seed=1, place=count, speed=0)
    self.postMessage({"ready": True})


async def train(seconds: float, threads: int, rule: "dict[str, Any]") -> None:
    """Train for some seconds by a rule, as the page's worker does, and say how many steps that were."""
    samples, network, settings, team = state["samples"], state["network"], state["settings"], state["team"]
    team.follow(str(threads))
    team.start()
    while team.ready < threads - 1:  # no helper can start while this worker is in the loop below
        await aio.sleep(0.005)
    batch, rate, place = settings.batch, settings.learningRate, state["place"]
    now = self.performance.now
    start, steps = now(), 0
    at_once = max(1, int(0.004 * state["speed"] / batch))
    while now() - start < 1000 * seconds:
        if place + batch > settings.count:
            state["seed"] += 1
            samples.shuffle([(0, settings.count)], state["seed"])
            place = 0
        many = min((settings.count - place) // batch, at_once)
        loss, _ = network.train_steps(samples, place, batch, many, rate, **rule)
        place += batch * many
        steps += many
    elapsed = (now() - start) / 1000
    state.update(place=place, speed=batch * steps / elapsed)
    self.postMessage({"steps": steps, "seconds": elapsed, "loss": loss / batch / many})


def on_message(event: "Any") -> None:
    if "count" in event.data:
        aio.run(set_up())
    else:
        aio.run(train(event.data["seconds"], event.data["threads"], JSON.parse(event.data["rule"])))


self.bind("message", on_message)
