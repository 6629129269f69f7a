import { readFileSync } from 'node:fs';
import { basename, dirname, join, sep } from 'node:path';
import { fileURLToPath } from 'node:url';

/**
 * Decides which packages get uvnet for `net`. The thread of thread-hooks.mts loads this file too.
 */

/** Which packages get uvnet. The environment provides the defaults. */
export interface RegisterOptions {
  /** Names of the only packages that get uvnet. Default: all. */
  include?: readonly string[] | undefined;
  /** Names of packages that keep `node:net`. Default: those of `UVNET_REGISTER_EXCLUDE`. */
  exclude?: readonly string[] | undefined;
}

/** The name for files outside any package. */
const PROGRAM = '(program)';

const folders = new Map<string, string>();

/**
 * The package whose folder `node_modules/NAME` or `node_modules/@SCOPE/NAME` contains the folder.
 */
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
    // Not in this folder.
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

/** Whether a file belongs to any copy of uvnet. uvnet must get Node's own `net`. */
function isOwn(file: string | undefined, name: string): boolean {
  if (file === undefined || name !== 'uvnet') return false;
  for (let folder = dirname(file); ; folder = dirname(folder)) {
    if (basename(folder) === 'dist') return true;
    if (folder === dirname(folder)) return false;
  }
}

/** Called for each package that requests `net`. `served` is true if it got uvnet. */
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
   * @param asker - its path or URL; code without one counts as the program
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

/** Whether a module id means `net`. */
export const isNet = (id: unknown): boolean => id === 'net' || id === 'node:net';
