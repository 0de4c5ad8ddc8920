// Times the kernel's primitives in a worker. Python (bench/primitives.py) has trained a network and says which calls its
// step makes, with their arguments and how many useful operations each stands for; the memory comes with them.
'use strict';

let exports, base;

async function setUp({ module, memory, calls }) {
  const { instance } = await WebAssembly.instantiate(await (await fetch(module)).arrayBuffer(), {});
  exports = instance.exports;
  const bytes = new Uint8Array(await (await fetch(memory)).arrayBuffer());
  const missing = bytes.length - exports.memory.buffer.byteLength;
  if (missing > 0) exports.memory.grow(Math.ceil(missing / 65536));
  new Uint8Array(exports.memory.buffer).set(bytes);
  base = calls;
}

// Nanoseconds a call takes, at best of the short rounds that `seconds` allow: others on the machine only ever slow it down.
function time([name, ...values], seconds) {
  const call = exports[name], end = performance.now() + 1000 * seconds;
  let best = Infinity;
  while (performance.now() < end) {
    const start = performance.now();
    let count = 0;
    do {
      for (let n = 0; n < 4; n++) call(...values);
      count += 4;
    } while (performance.now() - start < 2);
    best = Math.min(best, (performance.now() - start) / count);
  }
  return 1e6 * best;
}

self.onmessage = async ({ data }) => {
  try {
    if (data.module) {
      await setUp(data);
      self.postMessage({ ready: true });
    } else self.postMessage({ nanoseconds: base.map(call => time(call, data.seconds)) });
  } catch (error) {
    self.postMessage({ error: String(error) });
  }
};
