// Starts the example servers, and the real clients that talk to them.
import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import path from 'node:path';

import { addonEnvironment, type Outcome } from './child';

const root = path.resolve(__dirname, '../..');

const running = new Set<ChildProcess>();

// Where a test failed before it stopped its program, the program must not outlive the file.
afterAll(() => {
  for (const child of running) child.kill('SIGKILL');
});

export interface Program {
  child: ChildProcess;
  /** The text that it printed after "listening on". */
  where: string;
  stop(): Promise<{ code: number | null; signal: NodeJS.Signals | null }>;
}

/** Starts a file of examples/ and waits until it listens. */
export function startExample(file: string, ...args: string[]): Promise<Program> {
  return startProgram(path.join('examples', file), ...args);
}

/** The same for any program of the project that says where it listens. */
export function startProgram(file: string, ...args: string[]): Promise<Program> {
  const child = spawn(process.execPath, [path.join(root, file), ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: addonEnvironment,
  });
  const ended = new Promise<{ code: number | null; signal: NodeJS.Signals | null }>((resolve) => {
    child.once('exit', (code, signal) => {
      running.delete(child);
      resolve({ code, signal });
    });
  });
  running.add(child);
  return new Promise((resolve, reject) => {
    let text = '';
    child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
      text += chunk;
      const where = /listening(?: on |":")([^\s"]+)["\n]/.exec(text)?.[1];
      if (where === undefined) return;
      const stop = (): typeof ended => {
        child.kill('SIGTERM');
        return ended;
      };
      resolve({ child, where, stop });
    });
    void ended.then(({ code }) => reject(new Error(`${file} ended with ${code}: ${text}`)));
  });
}

/** Runs a client to its end, with `input` as its standard input. */
export function runClient(command: string, args: string[], input = ''): Promise<Outcome> {
  return new Promise((resolve, reject) => {
    // A hanging process must not outlive its test.
    const child = spawn(command, args, { timeout: 50_000, killSignal: 'SIGKILL', stdio: 'pipe' });
    let stdout = '';
    let stderr = '';
    child.stdout.setEncoding('latin1').on('data', (text: string) => (stdout += text));
    child.stderr.setEncoding('latin1').on('data', (text: string) => (stderr += text));
    child.once('error', reject);
    child.once('close', (code, signal) => resolve({ code, signal, stdout, stderr }));
    child.stdin.on('error', () => {});
    child.stdin.end(input);
  });
}
