// Installs a tarball of uvnet into an empty project, and uses it there.
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { CommandError, output } from './tools.mjs';

/** The program that every Node runs: both entry points, every byte compared. */
const program = `
import { once } from 'node:events';
import { createServer, connect, backend } from 'uvnet';
import { listen } from 'uvnet/lean';
if (backend !== 'native') throw new Error('not native');
const sent = Buffer.alloc(1 << 20, 'uvnet');
async function echo(port) {
  const client = connect(port, '127.0.0.1');
  client.end(sent);
  const received = Buffer.concat(await client.toArray());
  if (!received.equals(sent)) throw new Error('other bytes came back');
}
const server = createServer({ allowHalfOpen: true }, (socket) => socket.pipe(socket));
await once(server.listen(0, '127.0.0.1'), 'listening');
await echo(server.address().port);
server.close();
const lean = listen({ port: 0, host: '127.0.0.1' }, {
  data: (connection, bytes) => connection.write(bytes),
  end: (connection) => connection.end(),
});
await lean.ready;
await echo(lean.address().port);
await lean.close();
console.log('works');
`;

/** npm itself: the one that runs this, or the one of the PATH. */
function npmProgram() {
  const running = process.env.npm_execpath ?? '';
  if (path.basename(running) === 'npm-cli.js') return running;
  const shell = process.platform === 'win32';
  return path.join(output('npm', ['root', '--global'], { shell }).trim(), 'npm/bin/npm-cli.js');
}

/** Installs the tarball into an empty project, offline and without scripts, by an npm that runs on this Node. */
function install(folder, node, tarball) {
  mkdirSync(folder);
  writeFileSync(path.join(folder, 'package.json'), '{"private":true}');
  writeFileSync(path.join(folder, 'program.mjs'), program);
  const options = ['--offline', '--ignore-scripts', '--no-audit', '--no-fund'];
  output(node, [npmProgram(), 'install', ...options, tarball], {
    cwd: folder,
    env: { ...process.env, npm_config_cache: path.join(folder, '.cache') },
  });
}

/** Uses what is installed in the folder; the answer says what was in use. */
function use(folder, node) {
  const options = { cwd: folder, env: { ...process.env, UVNET_BINDING: '', NODE_OPTIONS: '' } };
  const doctor = ['node_modules/uvnet/bin/uvnet.mjs', 'doctor', '--json'];
  const report = JSON.parse(output(node, doctor, options));
  if (!report.ok || !report.binary?.includes('prebuilds')) {
    throw new CommandError(JSON.stringify(report, null, 2));
  }
  const required = output(node, ['-p', 'require("uvnet").backend'], options);
  if (required !== 'native\n') throw new CommandError(`require(): ${required}`);
  const printed = output(node, ['program.mjs'], options);
  if (printed !== 'works\n') throw new CommandError(printed);
  const binary = path.relative(path.join(folder, 'node_modules/uvnet'), report.binary);
  return `${report.runtime}, libuv ${report.libuv}, ${binary}`;
}

/**
 * Installs the tarball in a folder that is not there yet, and uses it on a Node; npm may run on another one. Answers what was
 * in use.
 */
export function tryTarball(tarball, folder, { node = process.execPath, npmNode = node } = {}) {
  install(folder, npmNode, path.resolve(tarball));
  return use(folder, node);
}
