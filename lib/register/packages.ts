import { readFileSync } from 'node:fs';
import { basename, dirname, join, sep } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Which packages get uvnet where they ask for `net`. Also loaded by the thread of thread-hooks.mts. */

/** Which packages get uvnet. What is left out stays as the environment says. */
export interface RegisterOptions {
  /** Names of the only packages that get uvnet. Default: all. */
  include?: readonly string[] | undefined;
  /** Names of packages that keep `node:net`. Default: those of `UVNET_REGISTER_EXCLUDE`. */
  exclude?: readonly string[] | undefined;
}

/** What a file outside of any package belongs to. */
const PROGRAM = '(program)';

const folders = new Map<string, string>();

/** The package in whose `node_modules/NAME` or `node_modules/@SCOPE/NAME` a folder is. */
function installedAs(folder: string): string | undefined {
  const parts = folder.split(sep);
  const at = parts.lastIndexOf('node_modules') + 1;
  const name = at === 0 ? undefined : parts[at];
  return name?.startsWith('@') ? `${name}/${parts[at + 1]}` : name;
}

/** The name in the nearest package.json. */
function nearestName(folder: string): string {
  const known = folders.get(folder);
  if (known !== undefined) return known;
  let found: string | undefined;
  try {
    const { name } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as {
      name?: unknown;
    };
    if (typeof name === 'string') found = name;
  } catch {
    // None here.
  }
  const parent = dirname(folder);
  found ??= parent === folder ? PROGRAM : nearestName(parent);
  folders.set(folder, found);
  return found;
}

/** The package that a file belongs to. */
function packageOf(file: string | undefined): string {
  if (file === undefined) return PROGRAM;
  const folder = dirname(file);
  return installedAs(folder) ?? nearestName(folder);
}

/** Whether a file is one of uvnet's own, of whatever copy: to give it uvnet would be a circle. */
function isOwn(file: string | undefined, name: string): boolean {
  if (file === undefined || name !== 'uvnet') return false;
  for (let folder = dirname(file); ; folder = dirname(folder)) {
    if (basename(folder) === 'dist') return true;
    if (folder === dirname(folder)) return false;
  }
}

/** Hears of each package that asks for `net`, and whether it got uvnet. */
export type Witness = (name: string, served: boolean) => void;

export class Packages {
  private readonly include: ReadonlySet<string> | undefined;
  private readonly exclude: ReadonlySet<string>;

  constructor(
    { include, exclude = [] }: RegisterOptions,
    private readonly witness: Witness,
  ) {
    this.include = include && new Set(include);
    this.exclude = new Set(exclude);
  }

  /**
   * Whether the code of a file gets uvnet.
   *
   * @param asker - its path or URL; code without one is the program's
   */
  gets(asker: string | undefined): boolean {
    const file = asker?.startsWith('file:') ? fileURLToPath(asker) : asker;
    const name = packageOf(file);
    if (isOwn(file, name)) return false;
    const served = !this.exclude.has(name) && (this.include?.has(name) ?? true);
    this.witness(name, served);
    return served;
  }
}

/** Whether `net` is asked for. */
export const isNet = (id: unknown): boolean => id === 'net' || id === 'node:net';
