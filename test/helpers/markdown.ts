// Pages of Markdown, and the targets of their links.
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';

/** The pages of the repository, or of the package, from its root. */
export function pagesOf(root: string): string[] {
  return ['.', 'docs', 'bench', 'examples'].flatMap((folder) =>
    readdirSync(path.join(root, folder))
      .filter((name) => name.endsWith('.md'))
      .map((name) => path.join(folder, name)),
  );
}

/** A page without its blocks of code. */
export function proseOf(file: string): string {
  return readFileSync(file, 'utf8').replace(/^```[^]*?^```$/gm, '');
}

/** The anchor that GitHub makes for a heading. */
const anchorOf = (heading: string): string =>
  heading
    .toLowerCase()
    .replace(/[^\p{L}\p{N}\s_-]/gu, '')
    .replaceAll(' ', '-');

function leadsSomewhere(root: string, page: string, target: string): boolean {
  const [link = '', anchor] = target.split('#');
  const file = path.join(root, link === '' ? page : path.join(path.dirname(page), link));
  if (!existsSync(file)) return false;
  if (anchor === undefined) return true;
  const headings = [...proseOf(file).matchAll(/^#+ (.*)$/gm)];
  return headings.some(([, heading]) => anchorOf(heading!) === anchor);
}

/** Links within `root` without a target file or heading, as `page: target`. */
export function brokenLinks(root: string): string[] {
  return pagesOf(root).flatMap((page) =>
    [...proseOf(path.join(root, page)).matchAll(/\]\(([^)\s]+)\)/g)]
      .map(([, target]) => target!)
      .filter((target) => !/^https?:/.test(target) && !leadsSomewhere(root, page, target))
      .map((target) => `${page}: ${target}`),
  );
}
