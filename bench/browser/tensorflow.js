// TensorFlow.js on its WebAssembly backend, on as many threads as the settings say: the same layers, batch and learning rate, as its optimizer does it.
// Tensors are made before the clock starts.
'use strict';
importScripts('tf.min.js', 'tf-backend-wasm.min.js');

let weights, optimizer, batches, settings, place = 0;

// Each kind of layer as a function of its input. Dense layers multiply by PyTorch's weights, transposed; convolutions
// have theirs as (3, 3, C_in, C_out), and positions before channels.
const layers = {
  dense: (x, { name }) => tf.add(tf.matMul(x, weights[`${name}.weight`], false, true), weights[`${name}.bias`]),
  conv3x3: (x, { name }) => tf.add(tf.conv2d(x, weights[`${name}.weight`], 1, 'same'), weights[`${name}.bias`]),
  relu: x => tf.relu(x),
  maxpool2: x => tf.maxPool(x, 2, 2, 'valid'),
  flatten: x => tf.reshape(x, [x.shape[0], -1]),
  log_softmax: x => x, // part of the loss
};

function loss({ images, labels }) {
  const scores = settings.layers.reduce((x, layer) => layers[layer.kind](x, layer), images);
  return tf.losses.softmaxCrossEntropy(labels, scores);
}

async function setUp(given) {
  settings = given;
  tf.wasm.setWasmPaths(new URL('./', self.location.href).href);
  tf.wasm.setThreadsCount(settings.threads);
  if (!(await tf.setBackend('wasm'))) throw new Error('there is no WebAssembly backend');
  const bytes = new Uint8Array(await (await fetch('digits.bin')).arrayBuffer());
  const { count, batch } = settings;
  const shape = settings.layers[0].kind === 'conv3x3' ? [batch, 28, 28, 1] : [batch, 784];
  batches = [];
  for (let first = 0; first + batch <= Math.min(count, 100 * batch); first += batch) {
    const pixels = bytes.subarray(16 + count + 784 * first, 16 + count + 784 * (first + batch));
    const labels = Int32Array.from(bytes.subarray(16 + first, 16 + first + batch));
    batches.push({
      images: tf.tensor(Float32Array.from(pixels, v => v / 255), shape),
      labels: tf.cast(tf.oneHot(tf.tensor1d(labels, 'int32'), 10), 'float32'),
    });
  }
  weights = {};
  for (const { name, shape: sizes, values } of settings.initial) {
    const tensor = tf.tensor(values, sizes);
    weights[name] = tf.variable(sizes.length === 4 ? tf.transpose(tensor, [2, 3, 1, 0]) : tensor);
  }
  optimizer = tf.train.sgd(settings.learningRate);
  step(); // fails here where the backend lacks a gradient
}

const step = () => tf.tidy(() => optimizer.minimize(() => loss(batches[place++ % batches.length]), true).dataSync()[0]);

function train(seconds) {
  const start = performance.now();
  let steps = 0, last;
  for (; performance.now() - start < 1000 * seconds; steps++) last = step();
  return { steps, seconds: (performance.now() - start) / 1000, loss: last };
}

self.onmessage = async ({ data }) => {
  try {
    if (data.count) {
      await setUp(data);
      self.postMessage({ ready: true });
    } else self.postMessage(train(data.seconds));
  } catch (error) {
    self.postMessage({ error: String(error) });
  }
};
