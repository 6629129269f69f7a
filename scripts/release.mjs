#!/usr/bin/env node
// Everything that a release does before it is published, from the version numbers to a program that uses
// the installed tarball. The release workflow publishes when the tag arrives.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { emulatedNode, hasEmulator } from './lib/emulator.mjs';
import { nodeHome, supported } from './lib/nodes.mjs';
import { at, CommandError, main, output, readJson, root, run } from './lib/tools.mjs';

const help = `Usage: node scripts/release.mjs [options]

Checks the versions and the changelog, builds the binaries of all platforms, packs, checks the tarball by
publint and attw, installs it into empty projects on Node ${supported.join(', ')} and uses it there. On success it
makes the tag; pushing that has the release workflow publish.

  --dry-run         makes no tag, and takes a changelog that still says "Unreleased"
  --keep-prebuilds  packs the binaries that are in prebuilds/, and builds none
  --help            this text

The compilers are those that "npm run prebuilds -- --help" names.
`;

/** What the package carries, in prebuilds/. */
const binaries = [
  'linux-x64/node.napi.glibc.node',
  'linux-x64/node.napi.musl.node',
  'linux-arm64/node.napi.glibc.node',
  'linux-arm64/node.napi.musl.node',
  'linux-arm/node.napi.armv7.glibc.node',
  'darwin-x64/node.napi.node',
  'darwin-arm64/node.napi.node',
  'win32-x64/node.napi.node',
  'win32-arm64/node.napi.node',
];

const { version } = readJson(at('package.json'));

const git = (...args) => output('git', args);

/** All places that name the version say the same, and it is not released yet. */
async function checkVersions(dryRun) {
  const lock = readJson(at('package-lock.json'));
  for (const found of [lock.version, lock.packages[''].version]) {
    if (found !== version) throw new CommandError(`package-lock.json has version ${found}`);
  }
  if (git('tag', '--list', `v${version}`).trim() !== '') {
    throw new CommandError(`the tag v${version} is there already`);
  }
  const changelog = readFileSync(at('CHANGELOG.md'), 'utf8');
  const [, heading, entries] = /^## (.+)\n([^]*?)(?=^## |$(?![^]))/m.exec(changelog) ?? [];
  if (!/^- /m.test(entries ?? '')) throw new CommandError('CHANGELOG.md: no entry comes first');
  const dated = heading.startsWith(`[${version}] - `) || heading.startsWith(`${version} - `);
  if (dated) return `${version}, changelog of ${heading.slice(-10)}`;
  if (dryRun && heading === 'Unreleased') return `${version}, changelog still "Unreleased"`;
  throw new CommandError(`CHANGELOG.md: expected "## ${version} - <date>", found "## ${heading}"`);
}

async function checkTree() {
  if (git('status', '--porcelain').trim() !== '') {
    throw new CommandError('there are changes that are not committed');
  }
  return git('rev-parse', '--short', 'HEAD').trim();
}

function buildBinaries() {
  run(process.execPath, [at('scripts/prebuild.mjs'), '--all']);
  const missing = binaries.filter((name) => !existsSync(at('prebuilds', name)));
  if (missing.length > 0) throw new CommandError(`missing: ${missing.join(', ')}`);
  return `${binaries.length} binaries`;
}

const kilobytes = (bytes) => `${Math.round(bytes / 1000)} kB`;

/** Packs into the folder; answers the tarball and what is in it. */
async function pack(folder) {
  const args = ['pack', '--json', `--pack-destination=${folder}`];
  const text = output('npm', args, { shell: process.platform === 'win32' });
  // The scripts of the package print before it.
  const [{ filename, size, files }] = JSON.parse(text.slice(text.search(/^\[$/m)));
  const names = files.map((file) => file.path);
  const packed = names.filter((name) => name.endsWith('.node'));
  const wanted = binaries.map((name) => `prebuilds/${name}`);
  const problems = [
    ...wanted.filter((name) => !packed.includes(name)).map((name) => `${name} is missing`),
    ...packed.filter((name) => !wanted.includes(name)).map((name) => `${name} is unknown`),
  ];
  if (problems.length > 0) throw new CommandError(problems.join(', '));
  const note = `${kilobytes(size)}, ${files.length} files, ${packed.length} binaries`;
  return { tarball: path.join(folder, filename), note };
}

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

/** Installs the tarball into an empty project, offline and without scripts. */
async function install(folder, node, npm, tarball) {
  mkdirSync(folder);
  writeFileSync(path.join(folder, 'package.json'), '{"private":true}');
  writeFileSync(path.join(folder, 'program.mjs'), program);
  const options = ['--offline', '--ignore-scripts', '--no-audit', '--no-fund'];
  output(node, [npm, 'install', ...options, tarball], {
    cwd: folder,
    env: { ...process.env, npm_config_cache: path.join(folder, '.cache') },
  });
}

/** Uses what is installed in the folder; the answer says what was in use. */
async function use(folder, node) {
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

/** The steps so far, each { name, ok, note, seconds }. */
const rows = [];

/** Runs a step and keeps what it answered as a row; undefined where it failed. */
async function step(name, body) {
  console.log(`\n== ${name} ==`);
  const started = Date.now();
  const done = (ok, note) => {
    rows.push({ name, ok, note, seconds: Math.round((Date.now() - started) / 1000) });
  };
  try {
    const result = await body();
    const note = result.note ?? result;
    console.log(note);
    done(true, note);
    return result;
  } catch (error) {
    if (!(error instanceof CommandError)) throw error;
    console.error(error.message);
    done(false, error.message.split('\n')[0]);
    return undefined;
  }
}

function printTable() {
  const width = Math.max(...rows.map(({ name }) => name.length));
  console.log('');
  for (const { name, ok, note, seconds } of rows) {
    console.log(
      `${ok ? 'ok    ' : 'FAILED'}  ${name.padEnd(width)}  ${String(seconds).padStart(4)} s  ${note}`,
    );
  }
  const failed = rows.filter(({ ok }) => !ok).length;
  console.log(`${rows.length - failed} passed, ${failed} failed`);
  return failed;
}

/** Each Node of this system, and those of arm64 that qemu can run here. */
async function* nodes() {
  for (const line of supported) {
    yield [`Node ${line}`, path.join(await nodeHome(line), 'bin/node')];
  }
  if (!hasEmulator()) return;
  for (const line of ['20', '24']) {
    yield [`Node ${line}, linux-arm64 under qemu`, await emulatedNode(line)];
  }
}

async function checkTarball(tarball, folder) {
  const publint = at('node_modules/publint/src/cli.js');
  const attw = at('node_modules/@arethetypeswrong/cli/dist/index.js');
  await step('publint', async () => {
    const text = output(process.execPath, [publint, tarball]);
    if (!text.includes('All good')) throw new CommandError(text);
    return 'all good';
  });
  await step('attw', async () => {
    output(process.execPath, [attw, '--profile', 'node16', tarball]);
    return 'no problems found';
  });
  const npm = path.join(output('npm', ['root', '--global']).trim(), 'npm/bin/npm-cli.js');
  for await (const [name, node] of nodes()) {
    await step(name, async () => {
      const project = path.join(folder, name.replace(/\W+/g, '-'));
      // npm itself need not be emulated.
      await install(project, name.includes('qemu') ? process.execPath : node, npm, tarball);
      return use(project, node);
    });
  }
}

main(async () => {
  const { values } = parseArgs({
    options: {
      'dry-run': { type: 'boolean' },
      'keep-prebuilds': { type: 'boolean' },
      help: { type: 'boolean' },
    },
  });
  if (values.help) {
    console.log(help);
    return;
  }
  const dryRun = values['dry-run'];
  const folder = mkdtempSync(path.join(tmpdir(), 'uvnet-release-'));
  try {
    await step('versions', () => checkVersions(dryRun));
    if (!dryRun) await step('repository', checkTree);
    if (!values['keep-prebuilds']) await step('prebuilds', buildBinaries);
    const packed = await step('pack', () => pack(folder));
    if (packed) await checkTarball(packed.tarball, folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  if (printTable() > 0) {
    process.exitCode = 1;
  } else if (!dryRun) {
    spawnSync('git', ['tag', '-a', `v${version}`, '-m', `v${version}`], {
      cwd: root,
      stdio: 'inherit',
    });
    console.log(`now: git push origin v${version}`);
  }
});
