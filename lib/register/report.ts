import { channel } from 'node:diagnostics_channel';
import { writeSync } from 'node:fs';
import type { Server, Socket } from 'node:net';
import { isMainThread, threadId } from 'node:worker_threads';
import { isMadeBy } from '../internal/base/made-by';
import { loaded } from '../internal/native/loader';

/**
 * The report that `UVNET_REGISTER_REPORT=1` prints at exit: which packages got uvnet, and how they
 * used it. It shows users that uvnet is in use. Without the variable, nothing is counted.
 */

/** The members of a Server that only uvnet has. */
interface Counting {
  stats?(): { dropped: Record<string, number> };
}

const sum = (numbers: Iterable<number>): number => {
  let total = 0;
  for (const number of numbers) total += number;
  return total;
};

const listed = (names: Iterable<string>): string => [...names].sort().join(', ') || '(none)';

export class Report {
  /** Names of the packages that got uvnet. */
  private readonly served = new Set<string>();
  private readonly kept = new Set<string>();
  private readonly open = new Set<Socket>();
  private readonly servers = new Set<Server & Counting>();
  private readonly dropped = new Map<string, number>();
  private readonly totals = {
    connected: 0,
    accepted: 0,
    listening: 0,
    bytesRead: 0,
    bytesWritten: 0,
  };
  /** Connections that were passed to Node: transferred to its own sockets, or used as streams. */
  readonly transferred = { natively: 0, asStream: 0 };
  private readonly undo: (() => void)[] = [];

  /**
   * Starts counting.
   *
   * @param uvnet - its classes identify the objects that count: Node's own sockets publish on the
   *   same channels
   * @param beforePrint - collects the counts of other threads
   */
  constructor(
    private readonly uvnet: { Socket: { prototype: object }; Server: { prototype: object } },
    private readonly beforePrint: () => void,
  ) {
    this.subscribe('net.client.socket', ({ socket }) => this.count('connected', socket));
    this.subscribe('net.server.socket', ({ socket }) => this.count('accepted', socket));
    this.subscribe('tracing:net.server.listen:asyncEnd', ({ server }) => this.watch(server));
    const print = (): void => this.print();
    process.on('exit', print);
    this.undo.push(() => process.off('exit', print));
  }

  /** Records that a package has requested `net`. */
  asked(name: string, served: boolean): void {
    (served ? this.served : this.kept).add(name);
  }

  stop(): void {
    for (const step of this.undo) step();
  }

  private subscribe(
    name: string,
    listener: (message: { socket: Socket; server: Server }) => void,
  ): void {
    const source = channel(name);
    const onMessage = listener as (message: unknown) => void;
    source.subscribe(onMessage);
    this.undo.push(() => source.unsubscribe(onMessage));
  }

  private count(way: 'connected' | 'accepted', socket: Socket): void {
    if (!isMadeBy(this.uvnet.Socket, socket)) return;
    if (this.open.has(socket)) return;
    this.totals[way]++;
    this.open.add(socket);
    socket.once('close', () => {
      this.open.delete(socket);
      this.addBytes(socket);
    });
  }

  private addBytes({ bytesRead, bytesWritten }: Socket): void {
    this.totals.bytesRead += bytesRead;
    this.totals.bytesWritten += bytesWritten;
  }

  private watch(server: Server & Counting): void {
    if (!isMadeBy(this.uvnet.Server, server)) return;
    if (this.servers.has(server)) return;
    this.totals.listening++;
    this.servers.add(server);
    server.once('close', () => {
      this.servers.delete(server);
      this.addDrops(server);
    });
  }

  private addDrops(server: Counting): void {
    if (loaded.binding === undefined) return;
    for (const [reason, count] of Object.entries(server.stats?.().dropped ?? {})) {
      if (count > 0) this.dropped.set(reason, (this.dropped.get(reason) ?? 0) + count);
    }
  }

  private print(): void {
    this.beforePrint();
    for (const socket of this.open) this.addBytes(socket);
    for (const server of this.servers) this.addDrops(server);
    const { connected, accepted, listening, bytesRead, bytesWritten } = this.totals;
    const reasons = [...this.dropped].map(([reason, count]) => `${reason} ${count}`);
    const { reason, file } = loaded;
    const lines = [
      `uvnet/register${isMainThread ? '' : `, thread ${threadId}`}`,
      `  code: ${file ?? `fell back to node:net, because ${reason?.split('\n')[0]}`}`,
      `  got uvnet: ${listed(this.served)}`,
      ...(this.kept.size > 0 ? [`  kept node:net: ${listed(this.kept)}`] : []),
      `  sockets: ${connected} connected, ${accepted} accepted; servers: ${listening}`,
      `  bytes: ${bytesRead} read, ${bytesWritten} written`,
      `  connections dropped: ${[sum(this.dropped.values()), ...reasons].join(', ')}`,
      `  transferred to Node: ${this.transferred.natively} natively, ${this.transferred.asStream} as streams`,
    ];
    // The console may be a pipe, and process.exit() does not wait for pipes.
    try {
      writeSync(2, `${lines.join('\n')}\n`);
    } catch {
      // The other end of the pipe is closed.
    }
  }
}
