// What this Wine does otherwise than Windows, shown by a program that uses Winsock alone: no Node, no libuv, no uvnet.
import { closeSync, mkdirSync, openSync, readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import { at, CommandError, isStale, run } from './tools.mjs';
import { windowsPath } from './wine.mjs';

const source = at('scripts/wine/gaps.c');
const folder = at('.cache/wine');
const timeoutMilliseconds = 60_000;

/** The names of the gaps in scripts/wine/gaps.c that this Wine has. */
export async function findGaps(prefix) {
  const program = path.join(folder, 'gaps.exe');
  const output = path.join(folder, `gaps-${process.pid}.txt`);
  mkdirSync(folder, { recursive: true });
  if (isStale(program, [source])) {
    run('x86_64-w64-mingw32-gcc', ['-O1', '-o', program, source, '-lws2_32'], { quiet: true });
  }
  const descriptor = openSync(output, 'w');
  const child = prefix.start(windowsPath(program), [], {
    stdio: ['ignore', descriptor, descriptor],
  });
  closeSync(descriptor);
  const timer = setTimeout(() => child.kill('SIGKILL'), timeoutMilliseconds);
  const status = await new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code, signal) => resolve(signal ?? code));
  });
  clearTimeout(timer);
  const said = readFileSync(output, 'utf8');
  rmSync(output);
  if (status !== 0) throw new CommandError(`scripts/wine/gaps.c ended with ${status}\n${said}`);
  return new Set(said.split(/\s+/).filter(Boolean));
}
