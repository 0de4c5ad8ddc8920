// onnxruntime-web, on as many threads as the settings say, running the train-step graph of model_export. Tensors are made before the clock starts.
import * as ort from './onnxruntime/ort.wasm.bundle.min.mjs';

ort.env.wasm.wasmPaths = new URL('./onnxruntime/', self.location.href).href;

let session, batches, values, settings, place = 0;

async function setUp(given) {
  settings = given;
  ort.env.wasm.numThreads = settings.threads;
  session = await ort.InferenceSession.create('train_step.onnx', { graphOptimizationLevel: 'all' });
  const bytes = new Uint8Array(await (await fetch('digits.bin')).arrayBuffer());
  const { count, batch } = settings;
  batches = [];
  for (let first = 0; first + batch <= count; first += batch) {
    const pixels = bytes.subarray(16 + count + 784 * first, 16 + count + 784 * (first + batch));
    const labels = bytes.subarray(16 + first, 16 + first + batch);
    batches.push({
      images: new ort.Tensor('float32', Float32Array.from(pixels, v => v / 255), [batch, 784]),
      labels: new ort.Tensor('int64', BigInt64Array.from(labels, BigInt), [batch]),
    });
  }
  const scalar = value => new ort.Tensor('float32', [value], []);
  values = { learning_rate: scalar(settings.learningRate), momentum: scalar(0), weight_decay: scalar(0) };
  for (const { name, shape, values: initial } of settings.initial) {
    values[name] = new ort.Tensor('float32', Float32Array.from(initial), shape);
    values[`momentum.${name}`] = new ort.Tensor('float32', new Float32Array(initial.length), shape);
  }
}

async function step() {
  const results = await session.run({ ...values, ...batches[place++ % batches.length] });
  for (const name in values) if (results[`new.${name}`]) values[name] = results[`new.${name}`];
  return results.loss.data[0];
}

async function train(seconds) {
  const start = performance.now();
  let steps = 0, loss;
  for (; performance.now() - start < 1000 * seconds; steps++) loss = await step();
  return { steps, seconds: (performance.now() - start) / 1000, loss };
}

self.onmessage = async ({ data }) => {
  try {
    if (data.count) {
      await setUp(data);
      self.postMessage({ ready: true });
    } else self.postMessage(await train(data.seconds));
  } catch (error) {
    self.postMessage({ error: String(error) });
  }
};
