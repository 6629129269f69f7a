// https, http, SSH and other TLS servers on one port. The front looks at the first bytes of each connection.
//
//   node examples/one-port.mjs [port] [ssh] [name=target]...
//   curl -k https://127.0.0.1:8443/                                        the site
//   curl -k --connect-to ::127.0.0.1:8443 https://api.example/             another server, by its name
//   curl -i http://127.0.0.1:8443/                                         is sent to https
//   ssh -p 8443 127.0.0.1                                                  is relayed to port 22
//
// The arguments are ports or HOST:PORT: where the SSH server is, and where to relay TLS connections for a name
// without opening them. openssl makes a certificate for each run, so clients must not check it.
import { execFileSync } from 'node:child_process';
import http from 'node:http';
import https from 'node:https';
import { createFront } from 'uvnet/front';

/** The most time that connections take to end. */
const GRACE_MS = 10_000;

const target = (text) => {
  const [, host = '127.0.0.1', port] = /^(?:(.+):)?(\d+)$/.exec(text) ?? [];
  return { host, port: Number(port) };
};
const isTarget = (text) => target(text).port <= 65_535;

const [port = '8443', ssh = '22', ...routes] = process.argv.slice(2);
const named = routes.map((route) => /^([^=]+)=(.+)$/.exec(route)?.slice(1) ?? [route, '']);
const wantsHelp = port === '--help' || port === '-h';
if (
  wantsHelp ||
  !/^\d+$/.test(port) ||
  ![port, ssh, ...named.map(([, to]) => to)].every(isTarget)
) {
  (wantsHelp ? console.log : console.error)(
    'Usage: node examples/one-port.mjs [PORT [SSH [NAME=TARGET]...]]  (SSH and TARGET: PORT or HOST:PORT)',
  );
  process.exit(wantsHelp ? 0 : 2);
}
const relayed = new Map(named.map(([name, to]) => [name, target(to)]));

/** A key and its certificate. Both are in one text. */
function makeCertificate() {
  const request = 'req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2';
  const names = '-subj /CN=localhost -keyout - -out -';
  const text = execFileSync('openssl', `${request} ${names}`.split(' '), {
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  return { key: text, cert: text };
}

function serve(certificate) {
  const site = https.createServer(certificate, (request, response) => {
    response.end(`the site, for ${request.socket.remoteAddress}\n`);
  });
  const api = https.createServer(certificate, (request, response) => {
    response.setHeader('Content-Type', 'application/json');
    response.end(`${JSON.stringify({ path: request.url })}\n`);
  });
  const redirect = http.createServer(({ headers, url }, response) => {
    if (headers.host === undefined) response.writeHead(400).end();
    else response.writeHead(308, { Location: `https://${headers.host}${url}` }).end();
  });

  const front = createFront(
    ({ protocol, serverName }) => {
      if (protocol === 'ssh') return { connect: target(ssh) };
      if (protocol === 'http1') return redirect;
      if (protocol !== 'tls') return undefined;
      if (relayed.has(serverName)) return { connect: relayed.get(serverName) };
      return serverName === 'api.example' ? api : site;
    },
    { sniff: true, maxConnectionsPerAddress: 100 },
  );
  front.on('drop', ({ reason, remoteAddress }) => console.log(`${remoteAddress}: ${reason}`));
  front.on('relayError', (error, { remoteAddress, protocol }) => {
    console.log(`${remoteAddress}: ${protocol}: ${error.message}`);
  });
  front.on('error', fail);
  front.listen(Number(port), '127.0.0.1', () => {
    console.log(`listening on ${front.address().port}`);
  });
  for (const signal of ['SIGINT', 'SIGTERM']) {
    process.once(signal, () => front.close({ gracePeriod: GRACE_MS }));
  }
}

function fail(error) {
  console.error(`one-port: ${error.message}`);
  process.exitCode = 1;
}

let certificate;
try {
  certificate = makeCertificate();
} catch (error) {
  fail(error);
}
if (certificate !== undefined) serve(certificate);
