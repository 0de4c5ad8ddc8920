// Gives Playwright two functions: load(contender, settings) and measure(contender, seconds).
// Each contender lives in a worker of its own and answers {ready} once, then {steps, seconds, loss} to each {seconds}.
'use strict';

const workers = {}; // contender → {post, next: resolve and reject of the answer awaited}

function settle(contender, data) {
  const { resolve, reject } = workers[contender].next;
  if (data.error) reject(new Error(data.error));
  else resolve(data);
}

function answer(contender) {
  return new Promise((resolve, reject) => { workers[contender].next = { resolve, reject }; });
}

function startBrython() {
  workers.scrawl = {};
  window.startScrawl(
    (data, worker) => {
      workers.scrawl.post = message => worker.postMessage(message);
      settle('scrawl', data);
    },
    event => settle('scrawl', { error: event.message }),
  );
}

function startScript(contender, settings) {
  const classic = ['convnetjs', 'tensorflow'].includes(contender);
  const worker = new Worker(`${contender}.js`, { type: classic ? 'classic' : 'module' });
  workers[contender] = { post: message => worker.postMessage(message) };
  worker.onmessage = event => settle(contender, event.data);
  worker.onerror = event => settle(contender, { error: event.message });
  worker.postMessage(settings);
}

window.load = (contender, settings) => {
  if (contender === 'scrawl') startBrython();
  else startScript(contender, settings);
  return answer(contender);
};

window.measure = (contender, seconds) => {
  const measured = answer(contender);
  workers[contender].post({ seconds });
  return measured;
};
