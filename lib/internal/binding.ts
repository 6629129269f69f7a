import { existsSync } from 'node:fs';
import path from 'node:path';
import type { NativeBinding } from './native-types';

/** The package's own folder: this file is dist/internal/binding.js. */
const home = path.resolve(__dirname, '..', '..');

interface Attempt {
  readonly what: string;
  readonly why: string;
}

/**
 * Why the native core cannot be used in this runtime at all, or undefined. Bun and Deno have the
 * symbols of libuv but not the library: calling them ends the process, so this is decided before
 * anything is loaded.
 */
function foreignRuntime(): string | undefined {
  const { bun, deno } = process.versions as Record<string, string | undefined>;
  if (bun !== undefined) return `Bun ${bun} has no libuv`;
  if (deno !== undefined) return `Deno ${deno} has no libuv`;
  return undefined;
}

function candidates(): string[] {
  const override = process.env['UVNET_BINDING'];
  if (override !== undefined && override !== '') return [path.resolve(override)];
  const report = process.report as unknown as { excludeNetwork?: boolean } | undefined;
  void report;
  const prebuilt = path.join(home, 'prebuilds', `${process.platform}-${process.arch}`);
  const names = isMusl() ? ['uvnet.musl.node'] : ['uvnet.glibc.node', 'uvnet.node'];
  if (process.arch === 'arm') names.unshift('uvnet.armv7.glibc.node');
  return [
    path.join(home, 'build', 'Release', 'uvnet.node'),
    path.join(home, 'build', 'Debug', 'uvnet.node'),
    ...names.map((name) => path.join(prebuilt, name)),
  ];
}

function isMusl(): boolean {
  return process.platform === 'linux' && existsSync('/etc/alpine-release');
}

export interface Loaded {
  readonly binding: NativeBinding | undefined;
  /** The file the core was loaded from. */
  readonly file: string | undefined;
  /** Why there is no core, in words for a person. */
  readonly reason: string | undefined;
}

function load(): Loaded {
  const foreign = foreignRuntime();
  if (foreign !== undefined) return { binding: undefined, file: undefined, reason: foreign };

  const attempts: Attempt[] = [];
  for (const file of candidates()) {
    if (!existsSync(file)) {
      attempts.push({ what: file, why: 'does not exist' });
      continue;
    }
    try {
      // eslint-disable-next-line @typescript-eslint/no-require-imports -- a .node file
      return { binding: require(file) as NativeBinding, file, reason: undefined };
    } catch (error) {
      attempts.push({ what: file, why: (error as Error).message });
    }
  }
  const tried = attempts.map(({ what, why }) => `\n  ${what}: ${why}`).join('');
  const reason =
    `no native binary for ${process.platform}-${process.arch} could be loaded.` +
    `\nTried:${tried}\nTo build one: npx uvnet build (needs python3, make and a C++ compiler)`;
  return { binding: undefined, file: undefined, reason };
}

/** The one place where the addon is loaded. */
export const loaded: Loaded = load();

/** The core. Only modules that are loaded for the native backend may use it. */
export const binding = loaded.binding as NativeBinding;
