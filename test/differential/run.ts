// Runs a program on an implementation and records the events of each side.
import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import type { Server, Socket } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { errorShape } from '../helpers/errors';
import { nextEvent, nextTurn } from '../helpers/events';
import type { Net } from '../helpers/implementations';
import { Random } from '../helpers/random';
import { endpointOf, localPath } from '../helpers/scope';
import type { Operation, Program, Side, Step } from './program';

/**
 * The compared data. Reading and writing are separate, because the kernel decides how incoming data
 * interleaves with the callbacks of outgoing data.
 */
export interface Trace {
  client: string[];
  'client writes': string[];
  server: string[];
  'server writes': string[];
  end: string[];
}

/** Turns of the loop without any event that count as rest. */
const RESTING_TURNS = 3;
/** How long data of the peer may be missing before this counts as an error. */
const STUCK_MS = 3000;

/** One side, with its operations and events. */
class Player {
  readonly reads: string[] = [];
  readonly writes: string[] = [];
  readonly armed: Step[] = [];
  activity = 0;
  sent = 0;
  received = 0;
  sawEnd = false;
  sawError = false;
  sawClose = false;
  reset = false;
  paused = false;
  private pending: Buffer[] = [];
  private writeCount = 0;

  constructor(
    readonly side: Side,
    readonly socket: Socket,
    private readonly random: Random,
    private readonly abrupt: boolean,
  ) {
    socket.on('data', (chunk: Buffer) => {
      this.activity++;
      this.received += chunk.length;
      this.pending.push(chunk);
      this.react('data');
    });
    socket.on('end', () => {
      this.sawEnd = true;
      this.read('end');
      this.react('end');
    });
    socket.on('error', (error) => {
      this.sawError = true;
      const code = codeOf(error);
      this.read(`error ${code}`);
      this.written(`error ${code}`);
    });
    socket.on('timeout', () => this.mark('timeout'));
    socket.on('connect', () => this.read('connect'));
    socket.on('ready', () => this.read('ready'));
    socket.on('finish', () => {
      this.written('finish');
      this.react('finish');
    });
    socket.on('close', (hadError) => {
      this.sawClose = true;
      this.read(`close ${String(hadError)}`);
      this.written('close');
      this.react('close');
    });
  }

  /** Records an event, after the bytes that came before it. */
  read(line: string): void {
    this.activity++;
    if (this.pending.length > 0) {
      const bytes = Buffer.concat(this.pending);
      const hash = createHash('sha1').update(bytes).digest('hex').slice(0, 8);
      this.reads.push(`data ${bytes.length} ${hash}`);
      this.pending = [];
    }
    this.reads.push(line);
  }

  /**
   * Records an event between data. With much data in flight, the kernel decides its exact position,
   * which is then omitted.
   */
  mark(line: string): void {
    this.activity++;
    if (this.abrupt) this.read(line);
  }

  private written(line: string): void {
    this.activity++;
    this.writes.push(line);
  }

  private react(inside: Step['inside']): void {
    const index = this.armed.findIndex((step) => step.inside === inside);
    if (index < 0) return;
    const [step] = this.armed.splice(index, 1);
    for (const operation of step?.operations ?? []) this.perform(operation);
  }

  perform(operation: Operation): void {
    const { socket } = this;
    // A write after the end destroys the socket with all data in flight.
    if (!this.abrupt && socket.writableEnded && 'size' in operation) return;
    switch (operation.do) {
      case 'write': {
        const data = this.payload(operation.size, operation.text);
        if (socket.writable) this.sent += data.length;
        if (operation.callback) {
          const number = this.writeCount++;
          socket.write(data, (error) => {
            this.written(`write ${number} ${codeOf(error)}`);
            this.react('callback');
          });
        } else {
          socket.write(data);
        }
        break;
      }
      case 'end': {
        const done = (error?: Error): void => this.written(`ended ${codeOf(error)}`);
        if (operation.size === 0) {
          Reflect.apply(socket.end, socket, [done]);
        } else {
          const data = this.payload(operation.size, false);
          if (socket.writable) this.sent += data.length;
          Reflect.apply(socket.end, socket, [data, done]);
        }
        break;
      }
      case 'pause':
        this.paused = true;
        socket.pause();
        break;
      case 'resume':
        this.paused = false;
        socket.resume();
        break;
      case 'destroyWithError':
        socket.destroy(Object.assign(new Error('mine'), { code: 'EMINE' }));
        break;
      case 'reset':
        // Unix sockets have no reset. During a shutdown, libuv refuses a reset (EINVAL), and
        // node:net then never emits 'close'.
        if (socket.remoteFamily === undefined) socket.destroy();
        else if (socket.writableEnded && !socket.writableFinished) socket.destroy();
        else {
          this.reset = true;
          socket.resetAndDestroy();
        }
        break;
      case 'timeout':
        if (!socket.destroyed && !socket.connecting) {
          socket.setTimeout(5, () => socket.setTimeout(0));
        }
        break;
      default:
        socket[operation.do]();
    }
  }

  private payload(size: number, text: boolean): Buffer | string {
    const bytes = this.random.bytes(size);
    return text ? bytes.toString('hex').slice(0, size) : bytes;
  }

  /** Returns the event that is still missing before this side is done. */
  expects(peer: Player): string | undefined {
    const { socket } = this;
    if (this.sawClose) return undefined;
    if (socket.destroyed) return 'close';
    if (socket.timeout) return 'timeout';
    if (socket.readableEnded && socket.writableFinished) return 'close';
    if (this.paused) return undefined;
    if (peer.reset && !this.sawEnd) return 'a reset';
    if (peer.socket.destroyed || peer.socket.writableFinished) {
      if (!this.sawEnd && !this.sawError) return 'the end';
    }
    if (!peer.socket.destroyed) {
      // Corked data of the peer stays there. Data that it wrote before is in flight.
      const corked = peer.socket.writableCorked > 0 ? peer.socket.writableLength : 0;
      const missing = peer.sent - corked - this.received;
      if (!this.sawEnd && missing > 0) return `${missing} bytes`;
      if (corked === 0 && peer.socket.writableLength > 0) return 'the peer to have written';
    }
    return undefined;
  }

  summary(): string[] {
    const { socket, side } = this;
    // How far a paused socket has read ahead depends on how the bytes arrived.
    const read = this.paused ? '' : ` read ${socket.bytesRead}`;
    return [
      `${side} ${socket.readyState} destroyed ${socket.destroyed}`,
      `${side} readable ${socket.readable} ended ${socket.readableEnded}`,
      `${side} writable ${socket.writable} ended ${socket.writableEnded} finished ${socket.writableFinished}`,
      `${side}${read} written ${socket.bytesWritten}`,
      `${side} errored ${codeOf(socket.errored)}`,
      `${side} needs drain ${socket.writableLength === 0 && socket.writableNeedDrain}`,
    ];
  }
}

/** The kernel reports one of two errors for a peer that is gone. */
function codeOf(error: unknown): string {
  if (error == null) return 'ok';
  const code = String(errorShape(error).code);
  return code === 'EPIPE' || code === 'ECONNRESET' ? 'EPIPE or ECONNRESET' : code;
}

async function rest(players: [Player, Player]): Promise<string | undefined> {
  const [client, server] = players;
  const deadline = Date.now() + STUCK_MS;
  for (let resting = 0, activity = -1; ;) {
    await nextTurn();
    const missing = client.expects(server) ?? server.expects(client);
    const now = client.activity + server.activity;
    resting = missing === undefined && now === activity ? resting + 1 : 0;
    if (resting >= RESTING_TURNS) return undefined;
    activity = now;
    if (Date.now() > deadline) {
      return `client waits for ${client.expects(server)}, server for ${server.expects(client)}`;
    }
  }
}

export async function runProgram(net: Net, program: Program): Promise<Trace> {
  const folder = mkdtempSync(path.join(tmpdir(), 'uvnet-'));
  const server = net.createServer({ allowHalfOpen: program.halfOpen.server });
  server.listen(
    program.transport === 'unix' ? localPath(folder, 's') : { port: 0, host: '127.0.0.1' },
  );
  await nextEvent(server, 'listening');
  try {
    return await play(net, server, program);
  } finally {
    await new Promise((resolve) => server.close(resolve));
    rmSync(folder, { recursive: true });
  }
}

async function play(net: Net, server: Server, program: Program): Promise<Trace> {
  const accepted = nextEvent(server, 'connection');
  const socket = net.connect({ ...endpointOf(server), allowHalfOpen: program.halfOpen.client });
  const { seed, abrupt } = program;
  const client = new Player('client', socket, new Random(seed + 1), abrupt);
  for (const operation of program.early) client.perform(operation);
  const [[peer]] = (await Promise.all([accepted, nextEvent(socket, 'ready')])) as [
    [Socket],
    unknown,
  ];
  const players: [Player, Player] = [
    client,
    new Player('server', peer, new Random(seed + 2), abrupt),
  ];

  const end: string[] = [];
  const settle = async (what: string): Promise<boolean> => {
    const stuck = await rest(players);
    if (stuck !== undefined) end.push(`stuck after ${what}: ${stuck}`);
    return stuck === undefined;
  };
  let going = await settle('connect');
  for (const [index, step] of program.steps.entries()) {
    if (!going) break;
    const player = players[step.side === 'client' ? 0 : 1];
    for (const each of players) each.mark(`#${index}`);
    if (step.inside === 'now') for (const each of step.operations) player.perform(each);
    else player.armed.push(step);
    going = await settle(`step ${index}`);
  }
  for (const player of players) end.push(...player.summary());
  // Finish: all waiting data must arrive.
  for (const player of players) {
    player.armed.length = 0;
    player.mark('#end');
    while (player.socket.writableCorked > 0) player.socket.uncork();
    player.perform({ do: 'resume' });
    if (!player.socket.writableEnded) player.socket.end();
  }
  if (going) await settle('the end');
  for (const player of players) {
    end.push(...player.summary());
    player.socket.destroy();
    if (!player.sawClose) await nextEvent(player.socket, 'close');
  }
  return {
    client: players[0].reads,
    'client writes': players[0].writes,
    server: players[1].reads,
    'server writes': players[1].writes,
    end,
  };
}
