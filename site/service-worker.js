// Lets the page work without a network once it has been visited: stores its files, the digits seen, and the API's
// last answers about itself and its weights. The build puts `self.BUILT = {version, assets}` in front.
//
// Files under assets/ never change, so a stored one is as good as a fetched one. The page itself is fetched each
// time; only if nobody answers is the stored one shown, which names files stored with it. No visit mixes versions.
const { version, assets } = self.BUILT
const APP = `scrawl-app-${version}`
const ANSWERS = 'scrawl-answers'
const BLOCKS = 'scrawl-blocks-' // and the dataset's id
const PATIENCE = 4000 // milliseconds that a network may take for the page when one is stored

addEventListener('install', event => {
  event.waitUntil(caches.open(APP).then(cache => cache.addAll(['./', ...assets])))
})

// Runs once no tab uses the previous version any more; then its files can go.
addEventListener('activate', event => {
  event.waitUntil(Promise.all([clients.claim(), forget('scrawl-app-', APP)]))
})

addEventListener('fetch', event => {
  const { request } = event, url = new URL(request.url)
  if (request.method !== 'GET' || url.origin !== location.origin) return
  const path = url.href.slice(registration.scope.length).split('?')[0]
  if (request.mode === 'navigate') event.respondWith(page(request))
  else if (path.startsWith('assets/')) event.respondWith(storedOr(request, () => fetch(request)))
  else if (/^(api\/datablock|files\/(train|test))\//.test(path)) block(event, url)
  else if (path === 'api/' || /^files\/(description|weights)/.test(path) || (path === 'api/weights' && !url.searchParams.has('version')
    && (request.headers.get('Accept') || '').includes('safetensors'))) event.respondWith(answer(event))
})

// Answers that came before this worker started are in the browser's ordinary cache, and so are all blocks. They are
// copied from there when the page says that it has time: storing them as they come would halve the speed of training.
addEventListener('message', event => {
  const { blocks, answers } = event.data
  event.waitUntil(Promise.all([
    ...answers.map(([url, accept]) => take(ANSWERS, url, { headers: { Accept: accept }, cache: 'force-cache' })),
    takeBlocks(blocks),
  ]))
})

async function takeBlocks(blocks) {
  if (!blocks.length) return
  const name = BLOCKS + new URL(blocks[0]).searchParams.get('dataset')
  await forget(BLOCKS, name)
  for (const url of blocks) {
    await take(name, url, { cache: 'only-if-cached', mode: 'same-origin' })
    if (known) known.add(url)
  }
}

async function take(name, url, options) {
  const cache = await caches.open(name)
  if (await cache.match(url, { ignoreVary: true })) return
  const response = await fetch(url, options).catch(() => null)
  if (response && response.ok) await keep(cache, url, response)
}

async function page(request) {
  const shell = await caches.open(APP).then(cache => cache.match('./'))
  const late = shell && new Promise(resolve => setTimeout(resolve, PATIENCE, shell))
  try {
    return await Promise.race([fetch(request), ...(late ? [late] : [])])
  } catch (error) {
    if (shell) return shell
    throw error
  }
}

// The addresses of the blocks that are stored, once this is known.
let known
knownBlocks().then(found => { known = found })

async function knownBlocks() {
  const names = await caches.keys().catch(() => [])
  const requests = await Promise.all(
    names.filter(name => name.startsWith(BLOCKS)).map(name => caches.open(name).then(cache => cache.keys())))
  return new Set(requests.flat().map(request => request.url))
}

// The browser itself fetches a block that is not stored, which is faster.
function block(event, url) {
  if (!known || known.has(url.href)) event.respondWith(storedOr(event.request, () => fetch(event.request)))
}

async function answer(event) {
  try {
    const response = await fetch(event.request)
    if (response.ok) {
      const copy = response.clone()
      event.waitUntil(caches.open(ANSWERS).then(cache => keep(cache, event.request, copy)))
    }
    return response
  } catch (error) {
    const last = await match(event.request)
    if (!last) throw error
    const headers = new Headers(last.headers)
    headers.set('Scrawl-Kept', 'yes') // the page says that the API is away, and works with this
    return new Response(last.body, { headers })
  }
}

async function storedOr(request, otherwise) {
  return (await match(request)) || otherwise()
}

// Storage may be blocked or broken: then nothing is stored, and there is only the network.
function match(request) {
  return caches.match(request, { ignoreVary: true }).catch(() => undefined)
}

// Storage may be full: what does not fit is fetched again when it is needed.
function keep(cache, request, response) {
  return cache.put(request, response).catch(() => {})
}

async function forget(prefix, but) {
  const names = (await caches.keys()).filter(name => name.startsWith(prefix) && name !== but)
  await Promise.all(names.map(name => caches.delete(name)))
}
