// Gives Playwright two functions: load(contender, settings, script) and measure(contender, seconds, rule, threads).
// Each contender lives in a worker of its own and answers {ready} once, then {steps, seconds, loss} to each {seconds}.
// Only ours knows of a rule, by which weights move, and takes a number of threads with each request; the others do plain
// SGD, and get theirs with the settings.
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

function start(contender, settings, script) {
  const classic = ['scrawl', 'convnetjs', 'tensorflow'].includes(script);
  const worker = new Worker(`${script}.js`, { type: classic ? 'classic' : 'module' });
  workers[contender] = { post: message => worker.postMessage(message) };
  worker.onmessage = event => settle(contender, event.data);
  worker.onerror = event => settle(contender, { error: event.message });
  worker.postMessage(settings);
}

window.load = (contender, settings, script = contender) => {
  start(contender, settings, script);
  return answer(contender);
};

window.measure = (contender, seconds, rule = {}, threads = 1) => {
  const measured = answer(contender);
  workers[contender].post({ seconds, threads, rule: JSON.stringify(rule) });
  return measured;
};
