import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

/** Time limit for a single answer of a child process. */
const ANSWER_MS = 60_000;

/**
 * A child process that reports in lines on stdout. Its stderr becomes part of the error if it
 * fails.
 */
export class Child {
  #process;
  #lines = [];
  #waiting = [];
  #stderr = '';
  #failure;
  #name;
  exited;

  /** @param {{ command: string, args: string[], cpu?: number, name: string }} options */
  constructor({ command, args, cpu, name }) {
    this.#name = name;
    const pinned =
      cpu === undefined ? [command, ...args] : ['taskset', '-c', cpu, command, ...args];
    // taskset replaces itself by the command: the pid is that of the command in both cases.
    this.#process = spawn(pinned[0], pinned.slice(1).map(String), { stdio: 'pipe' });
    this.#process.stdin.on('error', () => {}); // the exit reports it
    this.#process.stderr.setEncoding('utf8').on('data', (text) => {
      this.#stderr += text;
    });
    const reader = createInterface({ input: this.#process.stdout });
    reader.on('line', (line) => this.#deliver(line));
    this.exited = new Promise((done) => {
      this.#process.on('error', (error) => {
        this.#fail(error);
        done();
      });
      this.#process.on('close', (code, signal) => {
        const detail = this.#stderr.trim().split('\n').slice(-12).join('\n');
        this.#fail(new Error(`${name} ended (${signal ?? code})${detail && `: ${detail}`}`));
        done();
      });
    });
  }

  get pid() {
    return this.#process.pid;
  }

  #deliver(line) {
    const next = this.#waiting.shift();
    if (next) next.resolve(line);
    else this.#lines.push(line);
  }

  #fail(error) {
    this.#failure ??= error;
    for (const { reject } of this.#waiting.splice(0)) reject(this.#failure);
  }

  /**
   * Returns the next line of output. It rejects if the process ends, or prints nothing for a
   * minute.
   */
  async line() {
    if (this.#lines.length > 0) return this.#lines.shift();
    if (this.#failure) throw this.#failure;
    let timer;
    try {
      return await new Promise((resolve, reject) => {
        this.#waiting.push({ resolve, reject });
        timer = setTimeout(() => reject(new Error(`${this.#name} does not answer`)), ANSWER_MS);
      });
    } finally {
      clearTimeout(timer);
    }
  }

  /** Returns the next line that is JSON. */
  async message() {
    for (;;) {
      const line = await this.line();
      if (line.startsWith('{')) return JSON.parse(line);
    }
  }

  send(line) {
    this.#process.stdin.write(`${line}\n`);
  }

  /** Ends its stdin. */
  end() {
    this.#process.stdin.end();
  }

  /** Ends the process at once, and waits for its end. */
  async stop() {
    this.#process.kill('SIGKILL');
    await this.exited;
  }
}
