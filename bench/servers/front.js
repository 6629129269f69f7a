'use strict';
/* Node's own http and https servers: by their own listen(), or behind a front. */
const { execFileSync } = require('node:child_process');
const { once } = require('node:events');
const { mkdtempSync, readFileSync, rmSync } = require('node:fs');
const http = require('node:http');
const https = require('node:https');
const { tmpdir } = require('node:os');
const path = require('node:path');
const { fileURLToPath } = require('node:url');

function answer(request, response) {
  response.setHeader('Content-Type', 'text/plain');
  response.setHeader('Content-Length', 13);
  response.end('Hello, world!');
}

/** A certificate of its own, made by openssl. */
function makeCertificate() {
  const folder = mkdtempSync(path.join(tmpdir(), 'uvnet-bench-'));
  try {
    const [key, cert] = ['key.pem', 'cert.pem'].map((name) => path.join(folder, name));
    const command = 'req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2';
    const args = [...command.split(' '), '-subj', '/CN=localhost', '-keyout', key, '-out', cert];
    execFileSync('openssl', args, { stdio: 'ignore' });
    return { key: readFileSync(key), cert: readFileSync(cert) };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const createServer = ({ secure }) =>
  secure ? https.createServer(makeCertificate(), answer) : http.createServer(answer);

function listOfAll({ BlockList }) {
  const list = new BlockList();
  list.addSubnet('127.0.0.0', 8, 'ipv4');
  return list;
}

exports.net = (net, options) => {
  const server = createServer(options);
  if (options.blocked) server.blockList = listOfAll(net);
  return server;
};

exports.front = async ({ createFront }, options) => {
  const { proxyProtocol, sniff } = options;
  const server = createServer(options);
  const front = createFront(sniff ? () => server : server, { proxyProtocol, sniff });
  if (options.blocked) {
    front.blockList = listOfAll(require(fileURLToPath(new URL('index.js', options.module))));
  }
  front.listen(options.endpoint);
  await once(front, 'listening');
  return front.address();
};
