// What the documentation names is there: files, folders, links and the headings they point at.
// And what uvnet adds to node:net is named in it.
import { existsSync, readdirSync } from 'node:fs';
import nodeNet from 'node:net';
import path from 'node:path';

import * as uvnet from 'uvnet';

import * as own from '../../lib/internal/options/own-options';
import { socketOptionNames } from '../../lib/internal/options/socket-option-names';
import { brokenLinks, pagesOf, proseOf } from '../helpers/markdown';

const root = path.resolve(__dirname, '../..');

/** `native/stream/stream` stands for a pair of files. */
function isThere(name: string): boolean {
  const file = path.join(root, name);
  if (existsSync(file)) return true;
  const folder = path.dirname(file);
  if (!existsSync(folder)) return false;
  return readdirSync(folder).some((entry) => entry.startsWith(`${path.basename(file)}.`));
}

test('every file and folder that the documentation names is there', () => {
  const names = pagesOf(root).flatMap((page) =>
    [
      ...proseOf(path.join(root, page)).matchAll(
        /`((?:lib|native|test|scripts|bench|examples|docs)\/[\w./-]+)`/g,
      ),
    ]
      .map(([, name]) => name!)
      // What a build makes, and what a reader is to put a name into.
      .filter((name) => !/NAME|^docs\/api|^bench\/bin/.test(name))
      .map((name) => ({ page, name })),
  );
  expect(names.length).toBeGreaterThan(50);
  expect(names.filter(({ name }) => !isThere(name))).toEqual([]);
});

test('every link inside the repository leads somewhere', () => {
  expect(brokenLinks(root)).toEqual([]);
});

/** Every name that stands in `docs/`, be it alone between backticks or in a piece of code there. */
function namesInDocs(): Set<string> {
  const pages = pagesOf(root).filter((page) => page.startsWith('docs'));
  const code = pages.flatMap((page) => proseOf(path.join(root, page)).match(/`[^`\n]+`/g) ?? []);
  return new Set(code.flatMap((piece) => piece.match(/[A-Za-z][\w]*/g) ?? []));
}

test('every option that uvnet adds is named in the documentation', () => {
  const { serverOptions, listenOptions, socketOptions, connectOptions } = own;
  const all = [
    ...Object.keys({ ...serverOptions, ...listenOptions, ...socketOptions, ...connectOptions }),
    ...socketOptionNames,
  ];
  const names = namesInDocs();
  expect(all.filter((name) => !names.has(name))).toEqual([]);
});

test('every method and property that uvnet adds is named in the documentation', () => {
  const kinds = ['Socket', 'Server', 'BlockList', 'SocketAddress'] as const;
  const added = kinds.flatMap((kind) =>
    [uvnet[kind], uvnet[kind].prototype].flatMap((ours, index) => {
      const nodes = index === 0 ? nodeNet[kind] : nodeNet[kind].prototype;
      return Object.getOwnPropertyNames(ours)
        .filter((name) => !name.startsWith('_') && !(name in nodes))
        .map((name) => `${kind}: ${name}`);
    }),
  );
  const names = namesInDocs();
  expect(added.length).toBeGreaterThan(10);
  expect(added.filter((entry) => !names.has(entry.replace(/.*: /, '')))).toEqual([]);
});
