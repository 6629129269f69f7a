// The implementations on which every case of test/net runs: the reference, node:net, and uvnet. A
// difference between them is a bug of uvnet.
import { existsSync } from 'node:fs';
import nodeNet from 'node:net';
import path from 'node:path';

import { Scope } from './scope';

export type Net = typeof import('node:net');

export interface Implementation {
  /** The name in each case. */
  name: 'node:net' | 'uvnet';
  net: Net;
  isUvnet: boolean;
  /**
   * The argument of `require()` with which a child process or a worker gets the same
   * implementation.
   */
  entry: string;
}

const root = path.resolve(__dirname, '../..');
const source = path.join(root, 'lib/index.ts');
const built = path.join(root, 'dist/index.js');

function loadUvnet(): Implementation[] {
  const entry = process.env.UVNET_TEST_ENTRY ?? (existsSync(source) ? source : built);
  if (!existsSync(entry)) return [];
  const net = require(entry) as Net & { backend?: string };
  if (typeof net.createServer !== 'function') return [];
  // The fallback would pass every case without testing anything.
  if (net.backend !== 'native') throw new Error(`uvnet.backend is ${String(net.backend)}`);
  return [{ name: 'uvnet', net, isUvnet: true, entry: process.env.UVNET_TEST_ENTRY ?? built }];
}

export const reference: Implementation = {
  name: 'node:net',
  net: nodeNet,
  isUvnet: false,
  entry: 'node:net',
};

const ours = loadUvnet();

export const implementations: Implementation[] =
  process.env.UVNET_TEST_REFERENCE === '0' ? ours : [reference, ...ours];

export const uvnet = implementations.find((implementation) => implementation.isUvnet);

type Case = (name: string, body: (() => void) | (() => Promise<void>)) => void;

export interface NetContext extends Implementation {
  /** Opens resources for a case, and closes them after it. */
  scope: Scope;
  /**
   * A case about behaviour that older versions of Node lack. It always runs on uvnet. It runs on
   * node:net only if `present` is true for the running Node; otherwise it is skipped with the
   * reason in its name.
   */
  newer: (present: boolean, what: string) => Case;
}

/** `describe` for each implementation. */
export function describeNet(topic: string, body: (context: NetContext) => void): void {
  describe.each(implementations)(`${topic} ($name)`, (implementation) => {
    const scope = new Scope(implementation.net);
    afterEach(() => scope.dispose());
    const newer = (present: boolean, what: string): Case => {
      if (implementation.isUvnet || present) return test as Case;
      return (name) => {
        test.skip(`${name} [Node ${process.versions.node} has no ${what}]`, () => {});
      };
    };
    body({ ...implementation, scope, newer });
  });
}

const running = process.versions.node.split('.').map(Number);

/** Is the running Node at least this version? */
export function nodeAtLeast(major: number, minor = 0, patch = 0): boolean {
  const wanted = [major, minor, patch];
  const differs = wanted.findIndex((number, index) => number !== running[index]);
  return differs === -1 || running[differs]! > wanted[differs]!;
}

/**
 * Does the running Node have what came with these versions, one for each major version that got it
 * late? Major versions in between do not have it, and those after the last one do.
 */
export function nodeSince(...versions: string[]): boolean {
  const since = versions.map((version) => version.split('.').map(Number));
  const own = since.find(([major]) => major === running[0]) ?? since.at(-1)!;
  return nodeAtLeast(...(own as [number, number, number?]));
}

const [uvMajor = 0, uvMinor = 0] = process.versions.uv.split('.').map(Number);
/**
 * Older versions of libuv treat a reset after the last bytes as an end, and so does node:net; on Windows it depends on the
 * system alone.
 */
export const libuvSeesLateResets = process.platform === 'win32' || uvMajor > 1 || uvMinor >= 52;
