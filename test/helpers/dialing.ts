// Runs one connect in a child process, at the near end of a lab, and reports everything observable.
import { spawn, type ChildProcess } from 'node:child_process';

import { runChild, type ChildTools } from './child';
import type { Implementation } from './implementations';
import type { NetworkLab } from './netns';

export interface Dial {
  /** The result of the lookup. */
  addresses: string[];
  port: number;
  /** Options of `connect()`. */
  options?: Record<string, unknown>;
  /** Destroys the socket inside the nth event of that name. */
  destroyIn?: { event: string; nth: number };
}

interface DialEvent {
  /** Milliseconds since connect() was called. */
  at: number;
  name: string;
  address?: string;
  code?: string;
}

export interface DialReport {
  events: DialEvent[];
  error?: { name: string; code?: string; message: string; codes?: string[] };
  /** Milliseconds until 'connect' or 'error'. */
  took?: number;
  remoteAddress?: string;
  attempted?: string[];
  /**
   * Numbers of sockets of the process: the maximum at any event, when connected, and after 'close'.
   */
  most: number;
  connected?: number;
  left: number;
}

function dial({ net, require, args }: ChildTools): void {
  const fs = require('node:fs') as typeof import('node:fs');
  const [{ addresses, port, options, destroyIn }] = args as [Dial];

  const isSocket = (fd: string): boolean => {
    try {
      return fs.readlinkSync(`/proc/self/fd/${fd}`).startsWith('socket:');
    } catch {
      return false;
    }
  };
  const countSockets = (): number => fs.readdirSync('/proc/self/fd').filter(isSocket).length;
  const before = countSockets();
  const answer = addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 }));

  const go = (): void => {
    const report: DialReport = { events: [], most: 0, left: 0 };
    const started = process.hrtime.bigint();
    const now = (): number => Number(process.hrtime.bigint() - started) / 1e6;
    const seen: Record<string, number> = {};

    const socket = net.connect({
      host: 'lab.example',
      port,
      lookup: (_host: string, _options: unknown, done: (...result: unknown[]) => void) => {
        process.nextTick(done, null, answer);
      },
      autoSelectFamily: true,
      ...options,
    } as never);
    const note = (name: string, address?: string, code?: string): void => {
      report.events.push({ at: now(), name, address, code });
      // An attempt is announced before it is opened.
      setImmediate(() => (report.most = Math.max(report.most, countSockets() - before)));
      seen[name] = (seen[name] ?? 0) + 1;
      if (name === destroyIn?.event && seen[name] === destroyIn.nth) socket.destroy();
    };
    socket.on('lookup', (_error, address) => note('lookup', address));
    for (const name of ['', 'Failed', 'Timeout']) {
      socket.on(
        `connectionAttempt${name}`,
        (address: string, _port, _family, error?: NodeJS.ErrnoException) =>
          note(`attempt${name}`, address, error?.code),
      );
    }
    socket.on('connect', () => {
      report.took = now();
      report.remoteAddress = socket.remoteAddress!;
      report.connected = countSockets() - before;
      note('connect', socket.remoteAddress);
      socket.end();
      socket.resume();
    });
    socket.on('error', (error: NodeJS.ErrnoException & { errors?: NodeJS.ErrnoException[] }) => {
      report.took = now();
      const { name, code, message, errors } = error;
      report.error = { name, code, message, codes: errors?.map((each) => String(each.code)) };
      note('error');
    });
    socket.on('close', () => {
      note('close');
      setImmediate(() => {
        report.attempted = socket.autoSelectFamilyAttemptedAddresses;
        report.left = countSockets() - before;
        process.stdout.write(JSON.stringify(report));
      });
    });
  };

  // The first connect of a process loads and compiles code, which must not be measured.
  const warmUp = net.connect({
    host: 'lab.example',
    port: 1,
    lookup: ((_h: string, _o: unknown, done: (...result: unknown[]) => void) =>
      done(null, [
        { address: '127.0.0.1', family: 4 },
        { address: '::1', family: 6 },
      ])) as never,
  });
  warmUp.on('error', () => {});
  warmUp.on('close', go);
}

/** Connects at the near end and reports the result. */
export async function dialFrom(
  lab: NetworkLab,
  implementation: Implementation,
  what: Dial,
): Promise<DialReport> {
  const outcome = await runChild(implementation, dial, { args: [what], under: lab.near });
  if (outcome.code !== 0) throw new Error(`the child failed\n${outcome.stdout}\n${outcome.stderr}`);
  return JSON.parse(outcome.stdout) as DialReport;
}

/** A listener on every address of the far end. */
export class FarServer {
  port = 0;
  /** Connections it has accepted so far. */
  accepted = 0;
  private readonly child: ChildProcess;

  constructor(lab: NetworkLab) {
    const program = `
      const server = require('node:net').createServer((socket) => {
        process.send({ accepted: 1 });
        socket.on('error', () => {});
        socket.resume();
      });
      server.listen(0, '::', () => process.send({ port: server.address().port }));
      process.on('disconnect', () => process.exit());`;
    const [command = '', ...prefix] = lab.far;
    this.child = spawn(command, [...prefix, process.execPath, '-e', program], {
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
      env: { PATH: process.env.PATH },
    });
  }

  async ready(): Promise<this> {
    await new Promise<void>((resolve, reject) => {
      this.child.once('error', reject);
      this.child.on('message', (message: { port?: number; accepted?: number }) => {
        this.accepted += message.accepted ?? 0;
        if (message.port === undefined) return;
        this.port = message.port;
        resolve();
      });
    });
    return this;
  }

  async stop(): Promise<void> {
    const ended = new Promise((resolve) => this.child.once('exit', resolve));
    this.child.disconnect();
    await ended;
  }
}
