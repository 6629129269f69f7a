// A static HTTP/1.1 server on bare sockets: one page, keep-alive, pipelining, HEAD.
//
//   node examples/http-hello.mjs [port]
//   curl -v http://127.0.0.1:8080/
//   wrk -c 64 -t 2 -d 5 http://127.0.0.1:8080/
//
// It shows how little code a page needs on a bare socket. It does not replace
// node:http: it skips the bodies of requests, and has no chunked encoding and no
// TLS.
import net from 'uvnet';

/** Longer request heads are rejected. */
const MOST_HEAD_BYTES = 16 * 1024;
/** How long a connection may be idle before it is closed. */
const IDLE_MS = 30_000;
const END_OF_HEAD = '\r\n\r\n';

const PAGES = new Map([
  ['/', { type: 'text/html; charset=utf-8', body: '<!doctype html><h1>Hello from uvnet</h1>\n' }],
  ['/hello.txt', { type: 'text/plain; charset=utf-8', body: 'Hello, world\n' }],
]);

function response(status, reason, { type = 'text/plain', body = `${reason}\n` } = {}) {
  const head =
    `HTTP/1.1 ${status} ${reason}\r\n` +
    `Content-Type: ${type}\r\n` +
    `Content-Length: ${Buffer.byteLength(body)}\r\n`;
  return { head, body };
}

// The answers never change, so they are made once.
const FOUND = new Map([...PAGES].map(([path, page]) => [path, response(200, 'OK', page)]));
const NOT_FOUND = response(404, 'Not Found');
const NOT_ALLOWED = response(405, 'Method Not Allowed');
const BAD_REQUEST = response(400, 'Bad Request');
const TOO_LARGE = response(431, 'Request Header Fields Too Large');

/**
 * Parses a request head. Returns the answer, the length of the body, and whether the connection
 * stays open.
 */
function read(head) {
  const [requestLine, ...lines] = head.split('\r\n');
  const match = /^([A-Z]+) (\S+) HTTP\/1\.([01])$/.exec(requestLine);
  if (match === null) return { text: closing(BAD_REQUEST), bodyLength: 0, goOn: false };
  const [, method, target, minor] = match;
  let bodyLength = 0;
  let connection = minor === '1' ? 'keep-alive' : 'close';
  for (const line of lines) {
    const colon = line.indexOf(':');
    const name = line.slice(0, colon).toLowerCase();
    const value = line.slice(colon + 1).trim();
    if (name === 'connection') connection = value.toLowerCase();
    else if (name === 'content-length' && /^\d{1,9}$/.test(value)) bodyLength = Number(value);
    else if (name === 'transfer-encoding' || name === 'expect') connection = 'close';
  }
  const goOn = connection === 'keep-alive';
  const isHead = method === 'HEAD';
  const path = target.split('?', 1)[0];
  const { head: status, body } =
    method === 'GET' || isHead ? (FOUND.get(path) ?? NOT_FOUND) : NOT_ALLOWED;
  const text = `${status}Connection: ${goOn ? 'keep-alive' : 'close'}\r\n\r\n${isHead ? '' : body}`;
  return { text, bodyLength, goOn };
}

function closing({ head, body }) {
  return `${head}Connection: close\r\n\r\n${body}`;
}

const server = net.createServer({ noDelay: true }, (socket) => {
  // Heads are ASCII. With one character per byte, the lengths are correct.
  socket.setEncoding('latin1');
  let waiting = '';
  // The answer to send after the body of the request. A client that gets an error while it still
  // sends would give up the connection.
  let owed = '';
  let skip = 0;

  socket.on('data', (text) => {
    if (socket.writableEnded) return;
    waiting += text;
    // One chunk may contain several requests, and one request may span several chunks.
    for (;;) {
      if (skip > 0) {
        const skipped = Math.min(skip, waiting.length);
        waiting = waiting.slice(skipped);
        skip -= skipped;
        if (skip > 0) break;
      }
      if (owed !== '') {
        socket.write(owed);
        owed = '';
      }
      const end = waiting.indexOf(END_OF_HEAD);
      if (end < 0) break;
      const head = waiting.slice(0, end);
      waiting = waiting.slice(end + END_OF_HEAD.length);
      const { text, bodyLength, goOn } = read(head);
      if (!goOn) {
        waiting = '';
        socket.end(text);
        return;
      }
      owed = text;
      skip = bodyLength;
    }
    if (waiting.length > MOST_HEAD_BYTES) socket.end(closing(TOO_LARGE));
    // If a client does not read its answers, the server reads no further requests.
    if (socket.writableNeedDrain) {
      socket.pause();
      socket.once('drain', () => socket.resume());
    }
  });
  socket.setTimeout(IDLE_MS, () => socket.destroy());
  socket.on('error', () => {});
});

const port = process.argv[2] ?? '8080';
const wantsHelp = port === '--help' || port === '-h';
if (wantsHelp || !/^\d+$/.test(port) || Number(port) > 65_535) {
  (wantsHelp ? console.log : console.error)('Usage: node examples/http-hello.mjs [PORT]');
  process.exit(wantsHelp ? 0 : 2);
}
server.on('error', (error) => {
  console.error(`http-hello: ${error.message}`);
  process.exitCode = 1;
});
server.listen({ port: Number(port), host: '127.0.0.1' }, () => {
  console.log(`listening on ${server.address().port}`);
});
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => process.exit(0));
