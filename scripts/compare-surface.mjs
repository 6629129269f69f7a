#!/usr/bin/env node
// Compares the API of uvnet with that of the running Node: own keys, prototype keys, kinds of
// properties, lengths of functions, enumerability. Prints one line per difference.
// test/unit/surface.test.ts has the list of intended differences.
import { createRequire } from 'node:module';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const help = `Usage: node scripts/compare-surface.mjs [options]

Lists the differences between uvnet and the running node:net: names, properties
and lengths of functions.

  --json   as JSON
  --help   this text
`;

const require = createRequire(import.meta.url);
const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..');

/**
 * The own properties of `value` by name, and those of classes in its chain that only uvnet has.
 * Properties inherited from Node's class of the same name count as present.
 */
function describeProperties(value, name) {
  const properties = new Map();
  const keys = new Set(Reflect.ownKeys(value));
  const parent = Reflect.getPrototypeOf(value);
  const owner = typeof parent === 'function' ? parent : parent?.constructor;
  if (owner?.name === name) for (const key of Reflect.ownKeys(parent)) keys.add(key);
  for (const key of keys) {
    // Node's private symbols are not part of the API. Registered and well-known symbols are.
    if (typeof key === 'symbol' && !isPublic(key)) continue;
    const descriptor =
      Reflect.getOwnPropertyDescriptor(value, key) ?? Reflect.getOwnPropertyDescriptor(parent, key);
    const accessors = [descriptor.get && 'getter', descriptor.set && 'setter'].filter(Boolean);
    let kind = accessors.join(' and ');
    if (kind === '') {
      kind = typeof descriptor.value;
      if (kind === 'function') kind += `(${descriptor.value.length})`;
    }
    if (!descriptor.enumerable) kind += ', not enumerable';
    properties.set(typeof key === 'symbol' ? key.description : key, kind);
  }
  return properties;
}

function isPublic(symbol) {
  if (Symbol.keyFor(symbol) !== undefined) return true;
  return Object.getOwnPropertyNames(Symbol).some((name) => Symbol[name] === symbol);
}

/** The properties of a class, except those that every function has. */
const FUNCTION_OWN = new Set(['length', 'name', 'prototype', 'arguments', 'caller']);

/** The differences between two modules, as `{ where, theirs, ours }`. */
export function compareSurfaces(theirs, ours) {
  const differences = [];
  const compare = (where, left, right) => {
    for (const name of new Set([...left.keys(), ...right.keys()])) {
      const pair = { where: `${where}${name}`, theirs: left.get(name), ours: right.get(name) };
      if (pair.theirs !== pair.ours) differences.push(pair);
    }
  };
  // A getter of the module is not a difference; its value counts.
  const exportsOf = (module) => {
    const properties = new Map();
    for (const key of Object.keys(module)) {
      const value = module[key];
      properties.set(key, typeof value === 'function' ? `function(${value.length})` : typeof value);
    }
    return properties;
  };
  compare('', exportsOf(theirs), exportsOf(ours));
  for (const name of Object.keys(theirs)) {
    // Another name of Socket.
    if (name === 'Stream') continue;
    const [left, right] = [theirs[name], ours[name]];
    if (typeof left !== 'function' || typeof right !== 'function') continue;
    const own = (value) => {
      const properties = describeProperties(value, name);
      for (const each of FUNCTION_OWN) properties.delete(each);
      return properties;
    };
    compare(`${name}.`, own(left), own(right));
    if (!left.prototype || !right.prototype) continue;
    compare(
      `${name}.prototype.`,
      describeProperties(left.prototype, name),
      describeProperties(right.prototype, name),
    );
    // The own properties of a new object.
    const make = {
      Socket: () => [new left(), new right()],
      Server: () => [new left(), new right()],
    }[name];
    if (!make) continue;
    const [leftObject, rightObject] = make();
    compare(`new ${name}().`, describeProperties(leftObject), describeProperties(rightObject));
  }
  return differences;
}

function main() {
  const { values } = parseArgs({
    options: { json: { type: 'boolean' }, help: { type: 'boolean' } },
  });
  if (values.help) {
    console.log(help);
    return;
  }
  const differences = compareSurfaces(
    require('node:net'),
    require(path.join(root, 'dist/index.js')),
  );
  if (values.json) {
    console.log(JSON.stringify(differences));
    return;
  }
  for (const { where, theirs = 'missing', ours = 'missing' } of differences) {
    console.log(`${where}: node:net ${theirs}; uvnet ${ours}`);
  }
  console.log(`${differences.length} differences from node:net of ${process.version}`);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) main();
