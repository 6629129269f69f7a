// Reports the runtime and the binary of uvnet, and tests whether it works.
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { version } from './package.mjs';

const require = createRequire(import.meta.url);

/** Loads uvnet. The warning of the fallback goes into the report instead of stderr. */
async function load() {
  let reason;
  const { emitWarning } = process;
  process.emitWarning = (warning, type, ...rest) => {
    if (type === 'UvnetWarning') reason = String(warning);
    else Reflect.apply(emitWarning, process, [warning, type, ...rest]);
  };
  try {
    return { net: require('../../dist/index.js'), reason };
  } finally {
    process.emitWarning = emitWarning;
  }
}

/** Sends 256 KiB to an echo server and compares what comes back. */
async function echo(net, listenOptions, connectOptions) {
  const sent = Buffer.alloc(256 * 1024, 'uvnet ');
  const server = net.createServer((socket) => socket.pipe(socket));
  try {
    server.listen(listenOptions);
    await once(server, 'listening');
    const client = net.connect(
      connectOptions ?? { port: server.address().port, host: '127.0.0.1' },
    );
    client.setTimeout(10_000, () => client.destroy(new Error('no answer within 10 s')));
    client.end(sent);
    const received = [];
    for await (const chunk of client) received.push(chunk);
    if (!Buffer.concat(received).equals(sent)) throw new Error('other bytes came back');
    return 'ok';
  } catch (error) {
    return `failed: ${error.message}`;
  } finally {
    server.close();
  }
}

function runtimeOf({ bun, deno, electron, node }) {
  if (bun !== undefined) return `Bun ${bun}`;
  if (deno !== undefined) return `Deno ${deno}`;
  return electron === undefined ? `Node ${node}` : `Electron ${electron} (Node ${node})`;
}

export async function doctor() {
  const { net, reason } = await load();
  // The locally built binary, or the one in prebuilds/.
  const binary = Object.keys(require.cache ?? {}).find((file) =>
    /[\\/](uvnet|node\.napi(\.\w+)*)\.node$/.test(file),
  );
  const folder = mkdtempSync(join(tmpdir(), 'uvnet-doctor-'));
  const path =
    process.platform === 'win32' ? `\\\\.\\pipe\\uvnet-doctor-${process.pid}` : join(folder, 's');
  const selfTest = {};
  try {
    selfTest.tcp = await echo(net, { port: 0, host: '127.0.0.1' });
    selfTest.local = await echo(net, { path }, { path });
  } finally {
    if (existsSync(folder)) rmSync(folder, { recursive: true });
  }
  const works = Object.values(selfTest).every((result) => result === 'ok');
  return {
    ok: net.backend === 'native' && works,
    version,
    runtime: runtimeOf(process.versions),
    platform: `${process.platform}-${process.arch}`,
    libuv: process.versions.uv,
    backend: net.backend,
    binary: net.backend === 'native' ? binary : undefined,
    reason,
    selfTest,
  };
}

/** Formats the report as text. */
export function format(report) {
  const rows = [
    ['uvnet', report.version],
    ['runtime', `${report.runtime}, ${report.platform}`],
    ['libuv', report.libuv ?? 'none'],
    ['backend', report.backend === 'native' ? "uvnet's native code" : 'node:net (fallback)'],
    ['binary', report.binary ?? 'none'],
    ['TCP', report.selfTest.tcp],
    ['local sockets', report.selfTest.local],
  ];
  const lines = rows.map(([name, value]) => `${`${name}:`.padEnd(15)}${value}`);
  if (report.reason !== undefined) lines.push('', report.reason);
  return lines.join('\n');
}
