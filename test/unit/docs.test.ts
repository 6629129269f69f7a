// Checks that everything the documentation names exists: files, folders, links and their headings.
// It also checks that the documentation names everything that uvnet adds to node:net.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import nodeNet from 'node:net';
import path from 'node:path';

import * as uvnet from 'uvnet';

import * as own from '../../lib/internal/options/own-options';
import { socketOptionNames } from '../../lib/internal/options/socket-option-names';
import { connectionNames } from '../../lib/lean/options/option-names';
import { tableOf } from '../../lib/lean/connection/handlers';
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
      // Except files that a build makes, and placeholders.
      .filter((name) => !/NAME|^docs\/api|^bench\/bin/.test(name))
      .map((name) => ({ page, name })),
  );
  expect(names.length).toBeGreaterThan(50);
  expect(names.filter(({ name }) => !isThere(name))).toEqual([]);
});

test('every source file that a comment names exists', () => {
  const folders = ['lib', 'native', 'bin', 'bench', 'docs', 'examples', 'scripts', 'test'];
  const files = folders.flatMap((folder) =>
    readdirSync(path.join(root, folder), { recursive: true, encoding: 'utf8' }).map(
      (name) => `${folder}/${name.replaceAll('\\', '/')}`,
    ),
  );
  const isNamed = (name: string): boolean => files.some((file) => `/${file}`.endsWith(`/${name}`));
  const source = files.filter((file) => /^(lib|native|scripts)\/.*\.(ts|mts|mjs|cc|h)$/.test(file));
  const names = source.flatMap((file) =>
    [
      ...readFileSync(path.join(root, file), 'utf8').matchAll(/^ *(?:\*|\/\/|\/\*\*?) .*/gm),
    ].flatMap(([comment]) =>
      [...comment.matchAll(/(?<![\w.*/-])(?:[\w-]+\/)*[\w-]+\.(?:ts|mjs|cc|h|def)\b/g)].map(
        ([name]) => ({ file, name }),
      ),
    ),
  );
  const others = new Set(['mstcpip.h']); // of systems
  expect(names.length).toBeGreaterThan(100);
  expect(names.filter(({ name }) => !isNamed(name) && !others.has(name))).toEqual([]);
});

test('every link inside the repository leads somewhere', () => {
  expect(brokenLinks(root)).toEqual([]);
});

/** Every name in code in `docs/`. */
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

/** The keys of an interface in lib/types/events.ts. */
function eventsOf(kind: string): string[] {
  const source = readFileSync(path.join(root, 'lib/types/events.ts'), 'utf8');
  const body = new RegExp(`interface ${kind}<[^{]*\\{([^]*?)\\n\\}`).exec(source)![1]!;
  return [...body.matchAll(/^ {2}(\w+): \[/gm)].map(([, name]) => name!);
}

const { serverOptions, listenOptions, connectOptions } = own;
const ofStreams = 'data drain end finish pause pipe readable resume unpipe descriptor'.split(' ');
test.each([
  [
    'LISTENING',
    [...eventsOf('ServerEvents'), ...Object.keys({ ...serverOptions, ...listenOptions })],
  ],
  [
    'CONNECTING',
    [
      ...eventsOf('SocketEvents').filter((name) => !ofStreams.includes(name)),
      ...Object.keys(connectOptions),
    ],
  ],
  ['LEAN', [...Object.keys(tableOf({})), ...connectionNames]],
])('docs/%s.md names every event and option of its subject', (page, wanted) => {
  const code = proseOf(path.join(root, `docs/${page}.md`)).match(/`[^`\n]+`/g) ?? [];
  const names = new Set(code.flatMap((piece) => piece.match(/[A-Za-z]\w*/g) ?? []));
  expect(wanted.length).toBeGreaterThan(5);
  expect(wanted.filter((name) => !names.has(name))).toEqual([]);
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
