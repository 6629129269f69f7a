// Handler tables under random calls, compared with a model of the events that each connection may
// still get: `open` once, then the bytes of one client in order, `end` once, `close` once, and
// nothing while it is paused or gone. Servers follow one another, so that groups and ids are
// reused. Handlers throw, and some connections become sockets, which get the rest.
//
// Size and seed: test/helpers/model.ts.
import type { Socket as NodeSocket } from 'node:net';

import { nextEvent, nextTurn } from '../helpers/events';
import { closeAtOnce, LeanScope, type Connection, type ListenOptions } from '../helpers/lean';
import { modelTests } from '../helpers/model';
import { numbered } from '../helpers/ends';
import { Random } from '../helpers/random';

const STEPS_OF_ONE = 100;
const CLIENTS = 5;
const FIXED = 23;

type Framing = ListenOptions['framing'];
type Socket = ReturnType<Connection['toSocket']>;
type Server = Awaited<ReturnType<LeanScope['listen']>>;

/** A client of node:net, with the data that it has sent. */
interface Client {
  socket: NodeSocket;
  /** Messages, without what the framing adds on the wire. */
  sent: Buffer[];
  ended: boolean;
  answer: Buffer[];
  closed: Promise<unknown>;
}

/** The events that a connection may still get. */
class Model {
  client = -1;
  received: Buffer[] = [];
  /** Set after the table has transferred it. */
  socket: Socket | undefined;
  /** What the socket has received. */
  rest: Buffer[] = [];
  answered = 0;
  paused = false;
  ended = false;
  closed = false;
  finished = false;
  /** By this side, maybe with bytes in flight. */
  cut = false;
}

const framings: Framing[] = [
  undefined,
  { type: 'fixed', size: FIXED },
  { type: 'delimiter', delimiter: '\r\n' },
  { type: 'length', bytes: 2, includesHeader: true },
];

function onWire(framing: Framing, message: Buffer): Buffer {
  if (framing?.type === 'delimiter') return Buffer.concat([message, Buffer.from('\r\n')]);
  if (framing?.type !== 'length') return message;
  const header = Buffer.alloc(2);
  header.writeUInt16BE(message.length + 2);
  return Buffer.concat([header, message]);
}

/** By a handler. */
class Thrown extends Error {}

describe('handler tables under random calls', () => {
  const scope = new LeanScope();
  afterEach(() => scope.dispose());

  /** The reported exceptions. jest reserves the event 'uncaughtException'. */
  const uncaught: unknown[] = [];
  beforeAll(() => process.setUncaughtExceptionCaptureCallback((error) => uncaught.push(error)));
  afterAll(() => process.setUncaughtExceptionCaptureCallback(null));

  class Play {
    readonly random: Random;
    readonly framing: Framing;
    readonly options: ListenOptions;
    readonly proxied: boolean;
    readonly throwing: boolean;
    readonly moving: boolean;
    readonly models = new Map<Connection, Model>();
    readonly clients: Client[] = [];
    readonly failures: string[] = [];
    private server!: Server;
    private over = false;
    private thrown = 0;

    constructor(readonly seed: number) {
      this.random = new Random(seed);
      const { random } = this;
      this.framing = random.pick(framings);
      this.proxied = random.chance(0.2);
      this.throwing = random.chance(0.3);
      this.moving = random.chance(0.3);
      this.options = {
        framing: this.framing,
        borrow: random.chance(0.5),
        allowHalfOpen: random.chance(0.5),
        pauseOnConnect: random.chance(0.2),
        ...(this.proxied && { proxyProtocol: 'required' as const }),
        ...(random.chance(0.3) && { path: scope.path() }),
      };
    }

    fail(what: string): void {
      this.failures.push(`seed ${this.seed}: ${what} (${JSON.stringify(this.options)})`);
    }

    /** The model of an event that may come. */
    private at(connection: Connection, event: string): Model {
      const model = this.models.get(connection);
      if (this.over) this.fail(`${event} after close() was fulfilled`);
      if (model === undefined) this.fail(`${event} without open`);
      else if (model.closed) this.fail(`${event} after close`);
      else if (model.socket !== undefined) this.fail(`${event} after toSocket()`);
      return model ?? new Model();
    }

    /** The last thing that a handler does. */
    private throwMaybe(): void {
      if (!this.throwing || !this.random.chance(0.1)) return;
      this.thrown += 1;
      throw new Thrown();
    }

    async listen(): Promise<void> {
      this.server = await scope.listen(
        {
          open: (connection) => {
            if (this.models.has(connection)) this.fail('two opens');
            const model = new Model();
            model.paused = this.options.pauseOnConnect === true;
            this.models.set(connection, model);
            this.act(connection, model);
            this.throwMaybe();
          },
          data: (connection, bytes) => {
            const model = this.at(connection, 'data');
            if (model.paused) this.fail('data while paused');
            if (model.ended) this.fail('data after end');
            this.take(connection, model, bytes);
            this.throwMaybe();
          },
          drain: (connection) => {
            this.at(connection, 'drain');
            this.throwMaybe();
          },
          end: (connection) => {
            const model = this.at(connection, 'end');
            if (model.ended) this.fail('two ends');
            if (model.paused) this.fail('end while paused');
            model.ended = true;
            this.check(model, !model.cut);
            this.act(connection, model);
            // Unless it has become a socket, whose end is still to come.
            if (this.options.allowHalfOpen !== true) model.finished ||= model.socket === undefined;
            this.throwMaybe();
          },
          close: (connection, error) => {
            const model = this.at(connection, 'close');
            model.closed = true;
            if (error !== undefined && !model.cut) this.fail(`closed: ${error.stack}`);
            if (!model.cut && !(model.ended && model.finished)) this.fail('closed early');
            this.check(model, !model.cut);
            // Nothing of it is left to act on.
            for (const what of ['pause', 'resume', 'ref', 'unref', 'cork', 'uncork'] as const) {
              connection[what]();
            }
            if (!model.finished && connection.write('x')) this.fail('written after close');
            this.throwMaybe();
          },
        },
        this.options,
      );
    }

    /** A handler may leave the last of what it is given to a socket. */
    private take(connection: Connection, model: Model, bytes: Buffer): void {
      const { random } = this;
      const leaves = this.moving && this.framing === undefined && random.chance(0.02);
      const size = leaves ? random.integer(0, bytes.length) : bytes.length;
      model.received.push(Buffer.from(bytes.subarray(0, size)));
      if (size === bytes.length) this.act(connection, model);
      else if (!this.move(connection, model, bytes.subarray(size))) {
        model.received.push(Buffer.from(bytes.subarray(size)));
      }
    }

    /** Checks that the bytes are those of one client, and complete if `whole` is set. */
    private check(model: Model, whole: boolean): void {
      const { framing } = this;
      const wire = (messages: Buffer[]): Buffer[] => messages.map((each) => onWire(framing, each));
      const came = Buffer.concat([...wire(model.received), ...model.rest]).toString('latin1');
      const header = framing?.type === 'length' ? 2 : 0;
      if (came.length <= header) return;
      model.client = Number(/^\d/.exec(came.slice(header))?.[0] ?? -1);
      const sent = this.clients[model.client]?.sent ?? [];
      const all = Buffer.concat(wire(sent)).toString('latin1');
      const isCut = framing !== undefined;
      const isWrong = isCut && model.received.some((each, index) => !sent[index]?.equals(each));
      if (isWrong || (whole ? all !== came : !all.startsWith(came))) {
        this.fail(`of client ${model.client}`);
      }
    }

    /** Returns false if it is refused, as it must be after `end()` and for a closed connection. */
    private move(connection: Connection, model: Model, unread?: Buffer): boolean {
      let socket: Socket;
      try {
        socket = connection.toSocket(unread);
      } catch (error) {
        const { code } = error as NodeJS.ErrnoException;
        const due = connection.isOpen ? 'ERR_INVALID_STATE' : 'ERR_SOCKET_CLOSED';
        if (code !== due || (connection.isOpen && !model.finished)) this.fail(`toSocket: ${code}`);
        return false;
      }
      if (model.finished) this.fail('toSocket() after end()');
      model.socket = scope.track(socket);
      socket.on('error', (error) => model.cut || this.fail(`socket: ${error.stack}`));
      socket.on('data', (bytes: Buffer) => model.rest.push(bytes));
      socket.on('end', () => {
        model.ended = true;
        this.check(model, !model.cut);
        if (this.options.allowHalfOpen !== true) model.finished = true;
      });
      socket.on('close', () => {
        if (!model.cut && !(model.ended && model.finished)) this.fail('socket closed early');
        this.check(model, !model.cut);
        model.closed = true;
      });
      return true;
    }

    private act(connection: Connection, model: Model): void {
      const { random } = this;
      const { socket } = model;
      const owner = socket ?? connection;
      const what = random.integer(0, 99);
      if (what < 15) {
        owner.pause();
        model.paused = connection.isOpen;
        if (random.chance(0.3)) this.resume(connection, model);
      } else if (what < 35) {
        this.write(connection, model, random.size(3000));
      } else if (what < 38) {
        this.write(connection, model, random.size(200_000));
      } else if (what < 45) {
        owner.cork();
      } else if (what < 60) {
        owner.uncork();
      } else if (what < 65) {
        owner.unref();
        owner.ref();
      } else if (what < 68) {
        this.end(connection, model);
      } else if (what < 70) {
        model.cut = true;
        if (random.chance(0.5) || this.options.path !== undefined) owner.destroy();
        else owner.resetAndDestroy();
      } else if (what < 71 && this.moving && socket === undefined) {
        this.move(connection, model);
      }
    }

    private end(connection: Connection, model: Model): void {
      model.finished = true;
      if (model.socket === undefined) connection.end();
      else model.socket.end();
    }

    private resume(connection: Connection, model: Model): void {
      model.paused = false;
      (model.socket ?? connection).resume();
    }

    private write(connection: Connection, model: Model, size: number): void {
      const { socket } = model;
      const isOpen = socket === undefined ? connection.isOpen : !socket.destroyed;
      if (model.finished || !isOpen) return;
      (socket ?? connection).write(numbered(model.answered, size));
      model.answered += size;
    }

    private message(client: number, number: number): Buffer {
      const head = `${client}:${number}:`;
      const size = this.framing?.type === 'fixed' ? FIXED : this.random.size(3000) + head.length;
      return Buffer.from(head.padEnd(size, 'abcdefgh'));
    }

    async connect(): Promise<void> {
      const socket = await scope.client(this.server, { noDelay: true, allowHalfOpen: true });
      const client: Client = {
        socket,
        sent: [],
        ended: false,
        answer: [],
        closed: nextEvent(socket, 'close'),
      };
      socket.on('error', () => {});
      socket.on('data', (bytes: Buffer) => client.answer.push(bytes));
      if (this.proxied) socket.write('PROXY UNKNOWN\r\n');
      this.clients.push(client);
    }

    /** Bytes that leave in pieces of any size. */
    private send(index: number): void {
      const { socket, sent, ended } = this.clients[index];
      if (ended) return;
      const messages = Array.from({ length: this.random.integer(1, 4) }, (_, more) =>
        this.message(index, sent.length + more),
      );
      sent.push(...messages);
      const bytes = Buffer.concat(messages.map((message) => onWire(this.framing, message)));
      for (let at = 0; at < bytes.length;) {
        const end = at + this.random.size(4000);
        socket.write(bytes.subarray(at, end));
        at = end;
      }
    }

    private finish(client: Client): void {
      client.ended = true;
      client.socket.end();
    }

    private step(): void {
      const { random } = this;
      const what = random.integer(0, 99);
      const open = [...this.models].filter(([, { closed }]) => !closed);
      if (what < 50) this.send(random.integer(0, this.clients.length - 1));
      else if (what < 52) this.finish(random.pick(this.clients));
      else if (open.length > 0) {
        const [connection, model] = random.pick(open);
        if (what < 70) this.resume(connection, model);
        else this.act(connection, model);
      }
    }

    async run(): Promise<void> {
      await this.listen();
      for (let count = 0; count < CLIENTS; count++) await this.connect();
      for (let step = 0; step < STEPS_OF_ONE && this.failures.length === 0; step++) {
        if (this.random.chance(0.3)) await nextTurn();
        this.step();
      }
      const abrupt = this.random.chance(0.3);
      for (const client of this.clients) this.finish(client);
      for (const model of this.models.values()) {
        if (abrupt && model.socket === undefined) model.cut = true;
      }
      const closing = abrupt ? closeAtOnce(this.server) : this.server.close();
      void closing.then(() => (this.over = true));
      const isOver = (): boolean =>
        this.over &&
        [...this.models.values()].every(({ socket, closed }) => socket === undefined || closed);
      // Paused and half-open connections continue and end.
      while (!isOver() && this.failures.length === 0) {
        for (const [connection, model] of this.models) {
          if (model.closed) continue;
          this.resume(connection, model);
          if (model.ended && !model.finished) {
            this.end(connection, model);
          }
        }
        await nextTurn();
      }
      for (const { socket, answer } of this.clients) {
        const bytes = Buffer.concat(answer);
        if (!numbered(0, bytes.length).equals(bytes)) this.fail('an answer is another one');
        socket.destroy();
      }
      await Promise.all(this.clients.map((client) => client.closed));
      for (const { closed: told } of this.models.values()) {
        if (!told) this.fail('close did not come');
      }
      const reported = uncaught.splice(0);
      const strange = reported.filter((error) => !(error instanceof Thrown));
      expect([...this.failures, ...strange]).toEqual([]);
      expect(reported.length).toBe(this.thrown);
    }
  }

  const tests = modelTests({ steps: 20_000, stepsOfOne: STEPS_OF_ONE, onesOfTest: 20 });
  test.each(tests)(
    'servers of the seeds $first to $last do what the model does',
    async ({ first, last }) => {
      for (let seed = first; seed <= last; seed++) await new Play(seed).run();
    },
  );
});
