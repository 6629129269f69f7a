// `uvnet proxy`: forwards connections to another address.
import { createRequire } from 'node:module';
import { isIP } from 'node:net';
import { parseArgs } from 'node:util';
import { usage } from './usage.mjs';

const require = createRequire(import.meta.url);

export const help = `Usage: uvnet proxy --listen ADDRESS --to ADDRESS [options]

Accepts connections and forwards each to another address, in both directions,
until both sides have closed.

  --listen ADDRESS        where to accept: PORT, HOST:PORT, [IPV6]:PORT or the
                          PATH of a Unix socket. The default host is 127.0.0.1;
                          :PORT and *:PORT mean all addresses
  --to ADDRESS            where to connect; the default host is 127.0.0.1
  --mode OCTAL            permissions of the PATH for --listen, for example 660
  --proxy-protocol v1|v2  sends the client's address to the target in a PROXY
                          header
  --accept-proxy          takes the client's address from a PROXY header at the
                          start; needs --trusted-proxy, except for a PATH
  --trusted-proxy CIDR    addresses that may send such a header; can be repeated
  --idle-timeout SECONDS  closes connections without a byte for this time
  --connect-timeout SECONDS
                          time limit for connecting (default: 10)
  --max-connections N     closes further connections at once
  --grace SECONDS         how long to wait for connections after a signal
                          (default: 10)
  --json                  prints counters as lines of JSON, one per second while
                          they change
  --quiet                 prints only errors
  -h, --help              prints this text

Prints live counters on a terminal. After SIGINT or SIGTERM, it accepts no more
connections. It closes open connections when the grace time is over or a second
signal arrives. It replaces a PATH that a dead process has left.

Exit codes: 0 ended by a signal; 1 cannot listen, or the native code is missing;
2 wrong usage.
`;

const options = {
  listen: { type: 'string' },
  to: { type: 'string' },
  'proxy-protocol': { type: 'string' },
  'accept-proxy': { type: 'boolean' },
  'trusted-proxy': { type: 'string', multiple: true, default: [] },
  mode: { type: 'string' },
  grace: { type: 'string', default: '10' },
  'idle-timeout': { type: 'string' },
  'connect-timeout': { type: 'string', default: '10' },
  'max-connections': { type: 'string' },
  json: { type: 'boolean' },
  quiet: { type: 'boolean' },
  help: { type: 'boolean', short: 'h' },
};

class UsageError extends Error {}

/** `PORT`, `HOST:PORT`, `[IPV6]:PORT` or a path, as options of listen and connect. */
function endpoint(name, text) {
  if (text === undefined) throw new UsageError(`--${name} is missing`);
  if (text.includes('/') || text.startsWith('.')) return { path: text };
  const [, prefix, ipv6, host, port] = /^((?:\[([^\]]+)\]|([^:]*)):)?(\d+)$/.exec(text) ?? [];
  const everywhere = prefix !== undefined && ipv6 === undefined && (host === '' || host === '*');
  if (port === undefined || Number(port) > 65_535 || (everywhere && name !== 'listen')) {
    throw new UsageError(`--${name}: ${text} is not an address`);
  }
  if (everywhere) return { port: Number(port) };
  return { host: ipv6 ?? host ?? '127.0.0.1', port: Number(port) };
}

/** The options for listening. A killed process may have left the path. */
function listening(text, mode) {
  const place = endpoint('listen', text);
  if (mode !== undefined && !/^0?[0-7]{3}$/.test(mode)) {
    throw new UsageError(`--mode: ${mode} is not three octal digits`);
  }
  if (place.path === undefined) {
    if (mode !== undefined) throw new UsageError('--mode needs a path');
    return place;
  }
  return { ...place, replaceStale: true, mode: mode && Number.parseInt(mode, 8) };
}

/** The trusted senders of PROXY headers. The permissions of a path decide who may connect. */
function trusted(acceptProxy, subnets, place) {
  if (!acceptProxy) {
    if (subnets.length > 0) throw new UsageError('--trusted-proxy needs --accept-proxy');
    return undefined;
  }
  if (subnets.length === 0) {
    if (place.path !== undefined) return undefined;
    throw new UsageError(
      '--accept-proxy needs --trusted-proxy; otherwise anybody could claim any address',
    );
  }
  for (const subnet of subnets) {
    const [address, prefix = ''] = subnet.split('/');
    const bits = { 4: 32, 6: 128 }[isIP(address)];
    if (
      bits === undefined ||
      !/^\d*$/.test(prefix) ||
      Number(prefix) > bits ||
      subnet.endsWith('/')
    ) {
      throw new UsageError(`--trusted-proxy: ${subnet} is not an address or a subnet`);
    }
  }
  return subnets;
}

/** A positive number of an option, in units of `scale`. */
function number(name, text, scale = 1) {
  if (text === undefined) return undefined;
  const value = Math.round(Number(text) * scale);
  if (!(value > 0 && value < 2 ** 31)) {
    throw new UsageError(`--${name}: ${text} is not a positive number`);
  }
  return value;
}

function parse(args) {
  let values;
  try {
    ({ values } = parseArgs({ args, options }));
  } catch (error) {
    throw new UsageError(error.message);
  }
  if (values.help) return { help: true };
  const proxyProtocol = values['proxy-protocol'];
  if (proxyProtocol !== undefined && !['v1', 'v2'].includes(proxyProtocol)) {
    throw new UsageError('--proxy-protocol is v1 or v2');
  }
  const place = listening(values.listen, values.mode);
  const acceptProxy = values['accept-proxy'] ?? false;
  return {
    listen: place,
    to: endpoint('to', values.to),
    proxyVersion: proxyProtocol && Number(proxyProtocol[1]),
    acceptProxy,
    trustedProxies: trusted(acceptProxy, values['trusted-proxy'], place),
    grace: values.grace === '0' ? 0 : number('grace', values.grace, 1000),
    idleTimeout: number('idle-timeout', values['idle-timeout'], 1000),
    connectTimeout: number('connect-timeout', values['connect-timeout'], 1000),
    maxConnections: number('max-connections', values['max-connections']),
    json: values.json ?? false,
    quiet: values.quiet ?? false,
  };
}

const UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];

function bytes(count) {
  const power = Math.min(UNITS.length - 1, Math.floor(Math.log2(Math.max(count, 1)) / 10));
  return `${(count / 1024 ** power).toFixed(power === 0 ? 0 : 1)} ${UNITS[power]}`;
}

/** Shows changing counters: one line that is overwritten, or lines of JSON. */
class Display {
  constructor(counters, { json, quiet }) {
    this.counters = counters;
    this.json = json;
    this.live = !json && !quiet && process.stdout.isTTY;
    this.shown = '';
    if (json || this.live) this.timer = setInterval(() => this.show(), 1000).unref();
  }

  show() {
    if (!this.json && !this.live) return;
    const now = this.counters();
    const text = JSON.stringify(now);
    if (text === this.shown) return;
    this.shown = text;
    if (this.json) {
      console.log(text);
      return;
    }
    const { open, accepted, failed, bytesToTarget, bytesToClient } = now;
    process.stdout.write(
      `\r\x1b[K${open} open, ${accepted} accepted, ${failed} failed, ` +
        `${bytes(bytesToTarget)} to the target, ${bytes(bytesToClient)} back`,
    );
  }

  /** Prints a permanent line. */
  log(line) {
    console.log(this.live ? `\r\x1b[K${line}` : line);
  }

  end() {
    clearInterval(this.timer);
    this.show();
    if (this.live) process.stdout.write('\n');
  }
}

const describe = (address) =>
  typeof address === 'string'
    ? address
    : `${address.family === 'IPv6' ? `[${address.address}]` : address.address}:${address.port}`;

/** Runs until a signal ends it. Returns the exit code. */
function run(settings) {
  const net = require('../../dist/index.js');
  const { proxyHeader, relay } = require('../../dist/lean.js');
  // A warning has already given the reason.
  if (net.backend !== 'native') return 1;

  const clients = new Set();
  const done = { accepted: 0, failed: 0, bytesToTarget: 0, bytesToClient: 0 };
  /** The counters so far, including open connections. */
  const counters = () => {
    const { accepted, failed } = done;
    let { bytesToTarget, bytesToClient } = done;
    for (const client of clients) {
      bytesToTarget += client.bytesRead;
      bytesToClient += client.bytesWritten;
    }
    return { open: clients.size, accepted, failed, bytesToTarget, bytesToClient };
  };

  async function pass(client) {
    done.accepted++;
    clients.add(client);
    client.once('close', () => clients.delete(client));
    const target = net.connect({
      ...settings.to,
      noDelay: true,
      connectTimeout: settings.connectTimeout,
    });
    if (settings.proxyVersion) {
      target.write(proxyHeader(client, { version: settings.proxyVersion }));
    }
    try {
      const result = await relay(client, target, { idleTimeout: settings.idleTimeout });
      done.bytesToTarget += result.bytesAtoB;
      done.bytesToClient += result.bytesBtoA;
    } catch (error) {
      done.failed++;
      done.bytesToTarget += error.bytesAtoB;
      done.bytesToClient += error.bytesBtoA;
      const side = error.side === 'a' ? 'client' : 'target';
      if (!settings.quiet && !settings.json) display.log(`${side}: ${error.message}`);
    } finally {
      clients.delete(client);
    }
  }

  let trustedProxies;
  if (settings.trustedProxies !== undefined) {
    trustedProxies = new net.BlockList();
    for (const subnet of settings.trustedProxies) {
      if (subnet.includes('/')) trustedProxies.addCIDR(subnet);
      else trustedProxies.addAddress(subnet);
    }
  }
  const server = net.createServer({
    noDelay: true,
    allowHalfOpen: true,
    pauseOnConnect: true,
    proxyProtocol: settings.acceptProxy ? 'required' : 'off',
    trustedProxies,
  });
  if (settings.maxConnections !== undefined) server.maxConnections = settings.maxConnections;
  const display = new Display(counters, settings);

  return new Promise((resolve) => {
    server.on('connection', (client) => void pass(client));
    server.on('error', (error) => {
      console.error(`uvnet proxy: ${error.message}`);
      resolve(1);
    });
    server.listen(settings.listen, () => {
      const address = describe(server.address());
      if (settings.json) console.log(JSON.stringify({ listening: address }));
      else if (!settings.quiet) console.log(`listening on ${address}`);
    });
    let graceTimer;
    let closing = false;
    const destroyAll = () => {
      for (const client of clients) client.destroy();
    };
    const stop = () => {
      if (closing) {
        destroyAll();
        return;
      }
      closing = true;
      server.close();
      if (clients.size === 0) return;
      const open = clients.size === 1 ? '1 connection' : `${clients.size} connections`;
      const seconds = settings.grace / 1000;
      if (!settings.quiet && !settings.json) {
        display.log(`waiting up to ${seconds} s for ${open}; a second signal closes them`);
      }
      graceTimer = setTimeout(destroyAll, settings.grace);
    };
    for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, stop);
    server.on('close', () => {
      clearTimeout(graceTimer);
      display.end();
      for (const signal of ['SIGINT', 'SIGTERM']) process.off(signal, stop);
      resolve(0);
    });
  });
}

export async function proxy(args) {
  let settings;
  try {
    settings = parse(args);
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    return usage('proxy', error.message);
  }
  if (settings.help) {
    console.log(help);
    return 0;
  }
  return run(settings);
}
