// CloudFront Function, on every request for the page: browsers that take Brotli or gzip get what was compressed, as
// far as it goes, when the page was built. `X.br` and `X.gz` lie beside `X`, with X's Content-Type and their encoding.
const PACKED = /\.(png|jpg|webp|woff2)$/

function handler(event) {
  const request = event.request
  if (request.uri.endsWith('/')) request.uri += 'index.html'
  if (PACKED.test(request.uri)) return request
  const header = request.headers['accept-encoding']
  const accepted = (header ? header.value : '').split(',').map(entry => entry.replace(/\s/g, '').toLowerCase())
    .filter(entry => !/;q=0(\.0*)?$/.test(entry)).map(entry => entry.split(';')[0])
  if (accepted.includes('br')) request.uri += '.br'
  else if (accepted.includes('gzip')) request.uri += '.gz'
  return request
}
