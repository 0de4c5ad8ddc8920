"""How fast other libraries train the same networks, from docs/benchmarks.md, where it says how that was measured."""

OURS = "Scrawl"
# model → (library, samples per second): in the same browser, and PyTorch beside it; batches of 128, plain SGD.
SPEEDS = {
    "mlp-128": (
        (OURS, 349_000),
        ("PyTorch, 1 thread", 148_000),
        ("onnxruntime-web", 52_600),
        ("TensorFlow.js (WASM)", 7_550),
        ("ConvNetJS", 4_770),
    ),
    "mlp-128-64": (
        (OURS, 233_000),
        ("PyTorch, 1 thread", 128_000),
        ("onnxruntime-web", 42_700),
        ("TensorFlow.js (WASM)", 4_910),
        ("ConvNetJS", 3_640),
    ),
    "conv-32-64": ((OURS, 4_750), ("PyTorch, 1 thread", 2_060), ("onnxruntime-web", 939)),
}


def compared(model: str, samples_per_second: float) -> list:
    """Return (name, samples per second, share of the greatest) of this tab and the others, if they were measured."""
    others = SPEEDS.get(model, ())
    if not others:
        return []
    rows = [("This tab, now", samples_per_second), *((f"{OURS}, there" if n == OURS else n, s) for n, s in others)]
    most = max(speed for _, speed in rows)
    return [(name, speed, speed / most) for name, speed in rows]
