// Fronts for the tests, closed after each.
import { execFileSync, spawn, type ChildProcessByStdio } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import net, { type AddressInfo, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';

import {
  createFront,
  type Choose,
  type Front,
  type FrontOptions,
  type Hello,
  type ListenOptions,
} from 'uvnet/front';

import { addonEnvironment, fewDescriptors } from './child';
import { nextEvent } from './events';

/** A key and a certificate of its own for localhost, made by openssl. */
export function makeCertificate(): { key: Buffer; cert: Buffer } {
  const folder = mkdtempSync(path.join(tmpdir(), 'uvnet-front-'));
  try {
    const [key, cert] = ['key.pem', 'cert.pem'].map((name) => path.join(folder, name));
    const command = 'req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2';
    const args = [...command.split(' '), '-subj', '/CN=localhost', '-keyout', key!, '-out', cert!];
    execFileSync('openssl', args, { stdio: 'ignore' });
    return { key: readFileSync(key!), cert: readFileSync(cert!) };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Runs a program to its end. Returns what it has printed, and then its errors. */
export async function runProgram(
  program: string,
  { env = {}, flags = [] }: { env?: Record<string, string>; flags?: string[] } = {},
): Promise<string> {
  const folder = mkdtempSync(path.join(tmpdir(), 'uvnet-front-'));
  try {
    const file = path.join(folder, 'program.cjs');
    writeFileSync(file, program);
    const child = spawn(process.execPath, [...flags, file], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...addonEnvironment, ...env },
    });
    const [output, errors] = await Promise.all([
      child.stdout.toArray(),
      child.stderr.toArray(),
      once(child, 'close'),
    ]);
    return String(Buffer.concat([...output, ...errors] as Buffer[]));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

interface Starved {
  child: ChildProcessByStdio<Writable, Readable, null>;
  /** The next line that it prints. */
  answer: () => Promise<string>;
  port: number;
}

/** Starts a program that has few descriptors, and first prints `port` and the port of its front. */
export async function startStarved(program: string): Promise<Starved> {
  const [command, ...args] = fewDescriptors;
  const child = spawn(command!, [...args, process.execPath, '-e', program], {
    stdio: ['pipe', 'pipe', 'inherit'],
    env: addonEnvironment,
  });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const answer = async (): Promise<string> => (await lines.next()).value as string;
  return { child, answer, port: Number((await answer()).replace('port ', '')) };
}

const LOCAL = '127.0.0.1';

/** What begins a connection of ssh, and what http would not take for a request. */
export const ssh = 'SSH-2.0-x\r\n';

/** The client of this PROXY header is 192.0.2.1:1234. */
export const proxyHeader = 'PROXY TCP4 192.0.2.1 198.51.100.1 1234 443\r\n';

export const echo = (): Server => net.createServer((socket) => socket.pipe(socket));

export class FrontScope {
  private readonly fronts: Front[] = [];
  private readonly clients: net.Socket[] = [];
  private readonly servers: Server[] = [];

  /** A front of the server that listens, on a free port of 127.0.0.1 unless told otherwise. */
  async open(
    server: Server | Choose,
    options?: FrontOptions,
    place?: ListenOptions,
  ): Promise<Front> {
    const front = createFront(server, options);
    await this.listen(front, place);
    return front;
  }

  /** A front whose function chooses a target by the first bytes. */
  choosing(choose: Choose, options?: FrontOptions, place?: ListenOptions): Promise<Front> {
    return this.open(choose, { sniff: true, ...options }, place);
  }

  /** Lets a front listen, for the first time or again. */
  async listen(front: Front, place: ListenOptions = { port: 0, host: LOCAL }): Promise<void> {
    this.fronts.push(front);
    front.listen(place);
    await once(front, 'listening');
  }

  /** Lets a server listen by itself. Returns its port. */
  async serve(server: Server): Promise<number> {
    this.servers.push(server);
    server.listen(0, LOCAL);
    await once(server, 'listening');
    return (server.address() as AddressInfo).port;
  }

  /** A front that notes each hello, and closes the connection. */
  async sniffing(options: FrontOptions = {}, place?: ListenOptions): Promise<[Front, Hello[]]> {
    const hellos: Hello[] = [];
    const choose: Choose = (hello) => {
      hellos.push(hello);
      return (socket) => void socket.destroy();
    };
    return [await this.choosing(choose, options, place), hellos];
  }

  /** A client to which resets do not matter. */
  connect(front: Front): net.Socket {
    const address = front.address();
    const client =
      typeof address === 'string' ? net.connect(address) : net.connect(portOfFront(front), LOCAL);
    this.clients.push(client);
    return client.on('error', () => {}).setNoDelay();
  }

  /** Sends the chunks, and waits until the connection is over. */
  async send(front: Front, ...chunks: (Buffer | string)[]): Promise<void> {
    const client = this.connect(front).resume();
    const closed = nextEvent(client, 'close');
    for (const chunk of chunks) await new Promise((resolve) => client.write(chunk, resolve));
    await closed;
  }

  /** Sends the text, and returns all that comes back until the connection ends or is reset. */
  async talk(front: Front, text: string): Promise<string> {
    const client = this.connect(front);
    const chunks: Buffer[] = [];
    client.on('data', (chunk: Buffer) => chunks.push(chunk)).end(text);
    await nextEvent(client, 'close');
    return String(Buffer.concat(chunks));
  }

  async dispose(): Promise<void> {
    for (const client of this.clients.splice(0)) client.destroy();
    for (const front of this.fronts.splice(0)) await front.close({ gracePeriod: 0 });
    for (const server of this.servers.splice(0)) {
      if (!server.listening) continue;
      const closed = nextEvent(server, 'close');
      server.close();
      await closed;
    }
  }
}

/** All that comes, as one text. */
export async function whole(stream: AsyncIterable<Buffer>): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk);
  return String(Buffer.concat(chunks));
}

/** The text of the answer to a request over http. */
export async function get(port: number, agent?: http.Agent): Promise<string> {
  const request = http.get({ port, host: LOCAL, path: '/path', agent });
  const [answer] = (await once(request, 'response')) as [http.IncomingMessage];
  return whole(answer);
}

export const portOfFront = (front: Front): number => (front.address() as AddressInfo).port;
