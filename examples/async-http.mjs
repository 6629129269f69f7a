// An HTTP/1.1 client: GET requests over one connection.
//
// - node examples/async-http.mjs http://127.0.0.1:8080/ [more paths]
//
// It shows a protocol with lines, a length and chunks.
import { connect } from 'uvnet/promises';

async function readHead(stream) {
  const first = await stream.readLine({ max: 8192 });
  if (!first?.startsWith('HTTP/1.')) throw new Error('the server does not speak HTTP/1');
  const headers = new Map();
  for (;;) {
    const line = await stream.readLine({ max: 8192 });
    if (line === null) throw new Error('the head of the response is cut off');
    if (line === '') return { status: Number(first.split(' ')[1]), headers };
    const colon = line.indexOf(':');
    headers.set(line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim());
  }
}

async function readChunks(stream) {
  const chunks = [];
  for (;;) {
    const size = Number.parseInt((await stream.readLine()) ?? '', 16);
    if (!(size >= 0)) throw new Error('the size of a chunk is no number');
    if (size === 0) break;
    chunks.push(await stream.readExactly(size));
    await stream.readExactly(2);
  }
  // Trailers, up to an empty line.
  while (await stream.readLine());
  return Buffer.concat(chunks);
}

async function readBody(stream, status, headers) {
  if (status === 204 || status === 304) return Buffer.alloc(0);
  if (/\bchunked$/i.test(headers.get('transfer-encoding'))) return readChunks(stream);
  const length = headers.get('content-length');
  if (length !== undefined) return stream.readExactly(Number(length));
  const chunks = [];
  for await (const chunk of stream) chunks.push(chunk);
  return Buffer.concat(chunks);
}

async function get(stream, { host }, path) {
  await stream.write(`GET ${path} HTTP/1.1\r\nHost: ${host}\r\n\r\n`);
  let head = await readHead(stream);
  while (head.status < 200) head = await readHead(stream); // e.g. 103 Early Hints
  const { status, headers } = head;
  return { status, headers, body: await readBody(stream, status, headers) };
}

const url = new URL(process.argv[2] ?? 'http://127.0.0.1:8080/');
const host = url.hostname.replace(/^\[|\]$/g, ''); // of an IPv6 address
const stream = await connect({ host, port: url.port || 80, connectTimeout: 5000 });
for (const path of [url.pathname + url.search, ...process.argv.slice(3)]) {
  const { status, body } = await get(stream, url, path);
  console.log(`${status}, ${body.length} bytes\n${body}`);
}
await stream.close();
