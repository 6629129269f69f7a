// The effect of socket options on packets, and on connections whose peer is dead: two network
// namespaces with real kernels at both ends, and tcpdump in between. Linux and root only.
import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { createInterface } from 'node:readline';

import type { Socket } from '../../lib/index';
import { addonEnvironment, programOf, type Body } from '../helpers/child';
import { uvnet } from '../helpers/implementations';
import { describeNeeds, missingCommand, needs } from '../helpers/needs';
import { NetworkLab } from '../helpers/netns';

const reason = uvnet === undefined ? 'uvnet is not built' : NetworkLab.unavailable();
const describeLab = describeNeeds(reason);
const onTheWire = needs(missingCommand('tcpdump'));

/** Far from the minutes of the kernel's defaults, and from what a busy machine adds to seconds. */
const IN_TIME_MS = 30_000;

/** A program at one end of the lab that communicates in lines. */
class Program {
  private readonly child: ChildProcess;
  private readonly lines: AsyncIterator<string>;
  private readonly closed: Promise<unknown>;

  constructor(end: readonly string[], body: Body, args: unknown[] = []) {
    const [command, ...rest] = [...end, process.execPath, '-e', programOf(uvnet!, body, args)];
    this.child = spawn(command, rest, {
      env: addonEnvironment,
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    this.closed = new Promise((resolve) => this.child.once('close', resolve));
    this.lines = createInterface({ input: this.child.stdout! })[Symbol.asyncIterator]();
  }

  async answer<Answer>(): Promise<Answer> {
    const { value, done } = await this.lines.next();
    if (done === true) throw new Error('the program ended without an answer');
    return JSON.parse(value as string) as Answer;
  }

  go(): void {
    this.child.stdin!.write('go\n');
  }

  async end(): Promise<void> {
    this.child.kill('SIGKILL');
    await this.closed;
  }
}

/** Packets as one end of the cable sees them, as tcpdump prints them. */
class Capture {
  private constructor(private readonly child: ChildProcess) {}

  static async start(end: readonly string[], filter: string): Promise<Capture> {
    const [command, ...rest] = [
      ...end,
      ...'tcpdump -n -v -l --immediate-mode -i cable'.split(' '),
      filter,
    ];
    const child = spawn(command, rest, { stdio: ['ignore', 'pipe', 'pipe'] });
    await new Promise<void>((resolve) => {
      child.stderr.on('data', (text: Buffer) => {
        if (String(text).includes('listening on')) resolve();
      });
    });
    return new Capture(child);
  }

  /** The text of all packets, one line each. */
  async stop(): Promise<string[]> {
    let text = '';
    this.child.stdout!.on('data', (chunk: Buffer) => (text += String(chunk)));
    const closed = new Promise((resolve) => this.child.once('close', resolve));
    this.child.kill('SIGINT');
    await closed;
    // Continuation lines are indented.
    return text.replace(/\n\s+/g, ' ').split('\n').filter(Boolean);
  }
}

interface Failure {
  code: string;
  syscall: string;
  afterMs: number;
}

describeLab('socket options between two machines', () => {
  let lab: NetworkLab;
  const programs: Program[] = [];
  const start = (end: readonly string[], body: Body, ...args: unknown[]): Program => {
    const program = new Program(end, body, args);
    programs.push(program);
    return program;
  };
  beforeAll(() => {
    lab = new NetworkLab({ ipv4: 1, ipv6: 1 });
  });
  afterEach(async () => {
    await Promise.all(programs.splice(0).map((program) => program.end()));
    lab.reset();
  });
  afterAll(() => lab.dispose());

  /** A server at the far end; tells its port. */
  const serve: Body = ({ net, args }) => {
    const [host, options] = args as unknown as [string, object];
    const server = net.createServer((socket) => socket.on('error', () => {}).resume());
    server.listen({ port: 0, host, ...options }, () =>
      console.log((server.address() as { port: number }).port),
    );
  };

  /** A client at the near end; says when it is connected, writes when told, and how it ended. */
  const dial: Body = ({ net, args }) => {
    const [options, payload] = args as unknown as [object, string];
    const client = net.connect(options as never);
    let since = 0;
    client.on('connect', () => console.log(JSON.stringify('connected')));
    process.stdin.once('data', () => {
      since = Date.now();
      if (payload !== '') client.write(payload);
    });
    client.on('error', (error) => {
      const { code, syscall } = error as NodeJS.ErrnoException;
      console.log(JSON.stringify({ code, syscall, afterMs: Date.now() - since }));
      process.stdin.destroy();
    });
  };

  async function untilDead(options: object, payload: string): Promise<Failure> {
    const host = lab.ipv4[0];
    const server = start(lab.far, serve, host);
    const port = await server.answer<number>();
    const client = start(lab.near, dial, { host, port, ...options }, payload);
    expect(await client.answer()).toBe('connected');
    lab.drop(host);
    client.go();
    return client.answer<Failure>();
  }

  test('a dead peer is noticed in time with data in flight', async () => {
    const failure = await untilDead({ userTimeout: 1_500 }, 'is anybody there?');
    expect(failure).toMatchObject({ code: 'ETIMEDOUT', syscall: 'read' });
    expect(failure.afterMs).toBeGreaterThanOrEqual(1_400);
    expect(failure.afterMs).toBeLessThan(IN_TIME_MS);
  });

  test('a dead peer is noticed in time on an idle connection with keep-alive', async () => {
    const failure = await untilDead(
      {
        keepAlive: true,
        keepAliveInitialDelay: 1_000,
        keepAliveInterval: 1_000,
        // userTimeout decides, not the number of probes.
        keepAliveCount: 100,
        userTimeout: 2_000,
      },
      '',
    );
    expect(failure).toMatchObject({ code: 'ETIMEDOUT', syscall: 'read' });
    // The kernel counts from the last packet, which was a little earlier.
    expect(failure.afterMs).toBeGreaterThanOrEqual(1_000);
    expect(failure.afterMs).toBeLessThan(IN_TIME_MS);
  });

  test('without userTimeout the number of keep-alive probes decides', async () => {
    const failure = await untilDead(
      {
        keepAlive: true,
        keepAliveInitialDelay: 1_000,
        keepAliveInterval: 1_000,
        keepAliveCount: 2,
      },
      '',
    );
    expect(failure).toMatchObject({ code: 'ETIMEDOUT', syscall: 'read' });
    expect(failure.afterMs).toBeGreaterThanOrEqual(1_500);
    expect(failure.afterMs).toBeLessThan(IN_TIME_MS);
  });

  onTheWire.each(['ipv4', 'ipv6'] as const)(
    'the SYN has the requested options (%s)',
    async (family) => {
      const host = lab[family][0];
      const server = start(lab.far, serve, host);
      const port = await server.answer<number>();
      const capture = await Capture.start(lab.far, `tcp and dst port ${port}`);
      const options = { typeOfService: 'EF', ttl: 9, maxSegment: 700 };
      const client = start(lab.near, dial, { host, port, ...options }, '');
      expect(await client.answer()).toBe('connected');
      const packets = await capture.stop();
      expect(packets[0]).toMatch(/Flags \[S\]/);
      expect(packets[0]).toMatch(family === 'ipv4' ? /tos 0xb8.* ttl 9,/ : /class 0xb8.* hlim 9,/);
      expect(packets[0]).toMatch(/options \[mss 700,/);
    },
  );

  onTheWire('fastOpen sends the first write in the SYN, once there is a cookie', async () => {
    const host = lab.ipv4[0];
    const [command, ...rest] = lab.far;
    execFileSync(command, [...rest, 'sysctl', '-qw', 'net.ipv4.tcp_fastopen=3']);
    const server = start(lab.far, serve, host, { fastOpen: true });
    const port = await server.answer<number>();
    const capture = await Capture.start(lab.far, `tcp and dst port ${port}`);
    const client = start(
      lab.near,
      ({ net, args }) => {
        const [options] = args as unknown as [object];
        const once = (done: (acked: number) => void): void => {
          const socket = net.connect(options as never) as Socket;
          socket.write('hello', () => {
            // The write is over when the kernel has it; the acknowledgement comes with the FIN.
            socket
              .end()
              .on('close', () => done(0))
              .resume();
          });
        };
        once(() => once(() => console.log('"done"')));
      },
      { host, port, fastOpen: true },
    );
    expect(await client.answer()).toBe('done');
    const packets = await capture.stop();
    const syns = packets.filter((packet) => packet.includes('Flags [S]'));
    expect(syns).toHaveLength(2);
    expect(syns[0]).toMatch(/tfo +cookiereq.* length 0/);
    expect(syns[1]).toMatch(/tfo +cookie [0-9a-f]+.* length 5/);
  });
});
