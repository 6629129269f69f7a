// What the documentation names is there: files, folders, links and the headings they point at.
import { existsSync, readdirSync } from 'node:fs';
import path from 'node:path';

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
