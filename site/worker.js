// The worker's first lines: the page sends the addresses of Brython and of its own Python, which do the rest.
addEventListener('message', event => importScripts(...event.data), { once: true })
