// What the documentation names is there: files, folders, links and the headings they point at.
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';

const root = path.resolve(__dirname, '../..');

const pages = ['.', 'docs', 'bench', 'examples'].flatMap((folder) =>
  readdirSync(path.join(root, folder))
    .filter((name) => name.endsWith('.md'))
    .map((name) => path.join(folder, name)),
);

/** The page without its blocks of code. */
const proseOf = (page: string): string =>
  readFileSync(path.join(root, page), 'utf8').replace(/^```[^]*?^```$/gm, '');

/** `native/stream/stream` stands for a pair of files. */
function isThere(name: string): boolean {
  const file = path.join(root, name);
  if (existsSync(file)) return true;
  const folder = path.dirname(file);
  if (!existsSync(folder)) return false;
  return readdirSync(folder).some((entry) => entry.startsWith(`${path.basename(file)}.`));
}

/** As GitHub makes it of a heading. */
const anchorOf = (heading: string): string =>
  heading
    .toLowerCase()
    .replace(/[^\p{L}\p{N}\s_-]/gu, '')
    .replaceAll(' ', '-');

test('every file and folder that the documentation names is there', () => {
  const names = pages.flatMap((page) =>
    [...proseOf(page).matchAll(/`((?:lib|native|test|scripts|bench|examples|docs)\/[\w./-]+)`/g)]
      .map(([, name]) => name!)
      // What a build makes, and what a reader is to put a name into.
      .filter((name) => !/NAME|^docs\/api|^bench\/bin/.test(name))
      .map((name) => ({ page, name })),
  );
  expect(names.length).toBeGreaterThan(50);
  expect(names.filter(({ name }) => !isThere(name))).toEqual([]);
});

test('every link inside the repository leads somewhere', () => {
  const broken = pages.flatMap((page) =>
    [...proseOf(page).matchAll(/\]\(([^)\s]+)\)/g)]
      .map(([, target]) => target!)
      .filter((target) => !/^https?:/.test(target))
      .filter((target) => {
        const [file = '', anchor] = target.split('#');
        const name = file === '' ? page : path.join(path.dirname(page), file);
        if (!existsSync(path.join(root, name))) return true;
        if (anchor === undefined) return false;
        const headings = [...proseOf(name).matchAll(/^#+ (.*)$/gm)];
        return !headings.some(([, heading]) => anchorOf(heading!) === anchor);
      })
      .map((target) => `${page}: ${target}`),
  );
  expect(broken).toEqual([]);
});
