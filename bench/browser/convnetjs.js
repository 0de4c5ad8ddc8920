// ConvNetJS: the same layers, batch and learning rate. Volumes are made before the clock starts.
'use strict';
self.window = self; // where convnet.js puts itself
importScripts('convnet.js');

let trainer, volumes, labels, settings, place = 0;

// ConvNetJS' own description of a network, from the manifest's layers.
function describe(layers) {
  const dense = layers.filter(layer => layer.kind === 'dense');
  const hidden = dense.slice(0, -1).map(layer => ({ type: 'fc', num_neurons: layer.outputs, activation: 'relu' }));
  const input = { type: 'input', out_sx: 1, out_sy: 1, out_depth: 784 };
  return [input, ...hidden, { type: 'softmax', num_classes: 10 }];
}

async function setUp(given) {
  settings = given;
  const bytes = new Uint8Array(await (await fetch('digits.bin')).arrayBuffer());
  const { count } = settings;
  labels = bytes.subarray(16, 16 + count);
  volumes = [];
  for (let row = 0; row < count; row++) {
    const volume = new convnetjs.Vol(1, 1, 784, 0);
    for (let d = 0; d < 784; d++) volume.w[d] = bytes[16 + count + 784 * row + d] / 255;
    volumes.push(volume);
  }
  const net = new convnetjs.Net();
  net.makeLayers(describe(settings.layers));
  const { learningRate, batch } = settings;
  trainer = new convnetjs.Trainer(net, { method: 'sgd', learning_rate: learningRate, momentum: 0, batch_size: batch });
}

function step() {
  let loss = 0;
  for (let b = 0; b < settings.batch; b++) {
    const row = place++ % settings.count;
    loss += trainer.train(volumes[row], labels[row]).loss;
  }
  return loss / settings.batch;
}

function train(seconds) {
  const start = performance.now();
  let steps = 0, loss;
  for (; performance.now() - start < 1000 * seconds; steps++) loss = step();
  return { steps, seconds: (performance.now() - start) / 1000, loss };
}

self.onmessage = async ({ data }) => {
  if (data.count) {
    await setUp(data);
    self.postMessage({ ready: true });
  } else self.postMessage(train(data.seconds));
};
