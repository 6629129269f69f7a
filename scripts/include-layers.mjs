#!/usr/bin/env node
// The layers of native/: each folder may include only folders before it in the list.
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { at, CommandError, listFiles, main } from './lib/tools.mjs';

const help = `Usage: node scripts/include-layers.mjs

Fails if an #include in native/ goes upwards through the layers, or to a folder that is not a layer.

  --help   this text
`;

/** From bottom to top. The entry point of the module, directly in native/, is above all of them. */
const layers = [
  'env',
  'descriptor',
  'memory',
  'address',
  'stream',
  'block_list',
  'info',
  'options',
  'connect',
  'proxy',
  'sniff',
  'listen',
  'lean',
  'relay',
  'transfer',
];

const levelOf = (file) => {
  const folder = path.posix.dirname(file);
  return folder === '.' ? layers.length : layers.indexOf(folder);
};

main(() => {
  const { values } = parseArgs({ options: { help: { type: 'boolean' } } });
  if (values.help) {
    console.log(help);
    return;
  }
  const native = at('native');
  const findings = [];
  for (const file of listFiles([native]).filter((name) => /\.(h|cc|def)$/.test(name))) {
    const from = path.relative(native, file).split(path.sep).join('/');
    if (from.startsWith('vendor/')) continue;
    const includes = readFileSync(file, 'utf8').matchAll(/^#include "([^"]+)"/gm);
    for (const [, to] of includes) {
      const level = levelOf(to);
      if (level < 0 || level > levelOf(from)) findings.push(`native/${from} includes ${to}`);
    }
  }
  if (findings.length) {
    throw new CommandError(`includes that go upwards:\n${findings.join('\n')}\n`);
  }
});
