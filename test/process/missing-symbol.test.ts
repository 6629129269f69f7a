import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { loaded } from '../../lib/internal/native/loader';
import { addonEnvironment } from '../helpers/child';
import { describeLinux } from '../helpers/platforms';

/** A host that lacks a function of libuv or Node-API, such as one that uses a trimmed shared libuv. */

const dist = path.resolve(__dirname, '../../dist');
const folder = mkdtempSync(path.join(tmpdir(), 'uvnet-symbols-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** A copy of the binary that asks for a function of another name. The names have the same length. */
function binaryAskingFor(name: string, insteadOf: string): string {
  const bytes = readFileSync(loaded.file!);
  const at = bytes.indexOf(`\0${insteadOf}\0`);
  expect(at).toBeGreaterThan(0);
  bytes.write(name, at + 1, 'latin1');
  const file = path.join(folder, `${name}.node`);
  writeFileSync(file, bytes);
  return file;
}

const program = `
const net = require(${JSON.stringify(`${dist}/index.js`)});
const server = net.createServer((socket) => socket.end('hello')).listen(0, '127.0.0.1', () => {
  net.connect(server.address().port, '127.0.0.1').on('data', (data) => {
    console.log(net.backend, String(data));
    server.close();
  });
});`;

// The names are in the ELF file as they are. Files of macOS are signed.
describeLinux('a host without', () => {
  // Neither is called while the addon is being loaded.
  test.each([
    ['a function of libuv', 'uv_tcp_open', 'uv_tcp_0pen'],
    ['a function of Node-API', 'napi_fatal_exception', 'napi_fatal_excepti0n'],
  ])('%s gets node:net, and the warning names the function', (_, known, unknown) => {
    const binary = binaryAskingFor(unknown, known);
    const { status, stdout, stderr } = spawnSync(process.execPath, ['-e', program], {
      env: { ...addonEnvironment, PATH: process.env['PATH'], UVNET_BINDING: binary },
      encoding: 'utf8',
    });
    expect(stderr).toContain('uvnet falls back to node:net');
    expect(stderr).toContain(unknown);
    expect(stdout).toBe('node hello\n');
    expect(status).toBe(0);
  });
});
