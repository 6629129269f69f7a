import { spawn } from 'node:child_process';
import { once } from 'node:events';
import nodeNet from 'node:net';
import { createInterface } from 'node:readline';

import { addonEnvironment, programOf, type ChildTools } from '../helpers/child';
import { uvnet } from '../helpers/implementations';
import { Scope } from '../helpers/scope';

/**
 * A server that runs out of descriptors: it reports this, drops no connection, and recovers by
 * itself.
 */

const LIMIT = 64;
const CLIENTS = 200;

interface Report {
  port?: number;
  acceptError?: string;
  error?: string;
  stats?: { accepted: number; acceptErrors: number; dropped: Record<string, number> };
  cpu?: number;
}

/** Echoes, and reports on stdout; each line on stdin asks for its statistics. */
function echoServer({ net }: ChildTools): void {
  const say = (report: object): boolean => process.stdout.write(`${JSON.stringify(report)}\n`);
  const server = net.createServer((socket) => {
    socket.on('error', () => {}).pipe(socket);
  });
  server.on('acceptError', (error: NodeJS.ErrnoException) => say({ acceptError: error.code }));
  server.on('error', (error) => say({ error: error.message }));
  server.listen({ port: 0, host: '127.0.0.1', backlog: 511 }, () =>
    say({ port: (server.address() as nodeNet.AddressInfo).port }),
  );
  process.stdin.on('data', () => {
    const { user, system } = process.cpuUsage();
    const { stats } = server as unknown as { stats: () => object };
    say({ stats: stats.call(server), cpu: user + system });
  });
  process.stdin.on('end', () => process.exit());
}

const scope = new Scope(nodeNet);
afterEach(() => scope.dispose());

test(`${CLIENTS} clients of a server with ${LIMIT} descriptors are all served`, async () => {
  const source = programOf(uvnet!, echoServer);
  const child = spawn(
    'sh',
    ['-c', `ulimit -n ${LIMIT}; exec "$0" -e "$1"`, process.execPath, source],
    { env: addonEnvironment, stdio: ['pipe', 'pipe', 'inherit'] },
  );
  const reports: Report[] = [];
  const waiting = new Set<() => void>();
  createInterface(child.stdout).on('line', (line) => {
    reports.push(JSON.parse(line) as Report);
    for (const check of waiting) check();
  });
  const report = <Key extends keyof Report>(key: Key): Promise<NonNullable<Report[Key]>> =>
    new Promise((resolve) => {
      const check = (): void => {
        const found = reports.filter((one) => one[key] !== undefined).at(-1);
        if (found === undefined) return;
        waiting.delete(check);
        resolve(found[key]!);
      };
      waiting.add(check);
      check();
    });

  try {
    const port = await report('port');
    let served = 0;
    let lost = 0;
    let allServed!: () => void;
    const done = new Promise<void>((resolve) => (allServed = resolve));
    const leave: (() => void)[] = [];
    let mayLeave = false;
    for (let i = 0; i < CLIENTS; i++) {
      const client = scope.connect({ port, host: '127.0.0.1' });
      let answer = '';
      client.setEncoding('utf8').write(`client ${i}`);
      client.on('error', () => {});
      client.on('data', (text: string) => {
        answer += text;
        if (answer !== `client ${i}`) return;
        if (++served === CLIENTS) allServed();
        if (mayLeave) client.end();
        else leave.push(() => client.end());
      });
      client.on('close', () => {
        if (answer !== `client ${i}` && ++lost + served === CLIENTS) allServed();
      });
    }

    expect(await report('acceptError')).toBe('EMFILE');
    // Those that wait do so in the kernel's queue: the process rests.
    reports.length = 0;
    child.stdin.write('\n');
    const before = await report('stats');
    expect(before.accepted).toBeGreaterThan(LIMIT / 2);
    expect(before.accepted).toBeLessThan(LIMIT);

    mayLeave = true;
    for (const end of leave) end();
    await done;
    expect({ served, lost }).toEqual({ served: CLIENTS, lost: 0 });

    reports.splice(0);
    child.stdin.write('\n');
    const after = await report('stats');
    expect(after.accepted).toBe(CLIENTS);
    expect(Object.values(after.dropped).every((count) => count === 0)).toBe(true);
    expect(after.acceptErrors).toBeGreaterThan(0);
    expect(reports.filter(({ error }) => error !== undefined)).toEqual([]);
  } finally {
    child.stdin.end();
    await once(child, 'exit');
  }
});

test('the server waits while it has no descriptors', async () => {
  const source = programOf(uvnet!, echoServer);
  const child = spawn('sh', ['-c', 'ulimit -n 40; exec "$0" -e "$1"', process.execPath, source], {
    env: addonEnvironment,
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
  const next = async (): Promise<Report> =>
    JSON.parse((await lines.next()).value as string) as Report;
  try {
    const { port } = await next();
    for (let i = 0; i < 60; i++) {
      scope.connect({ port: port!, host: '127.0.0.1' }).on('error', () => {});
    }
    // 5 + 10 + 20 + ... ms: the ninth failure comes more than a second after the first.
    const times: number[] = [];
    let cpu = 0;
    while (times.length < 9) {
      expect(await next()).toEqual({ acceptError: 'EMFILE' });
      times.push(performance.now());
      if (times.length > 1) continue;
      child.stdin.write('\n');
      let report = await next();
      while (report.cpu === undefined) report = await next();
      cpu = report.cpu;
    }
    expect(times[8] - times[0]).toBeGreaterThan(1000);
    child.stdin.write('\n');
    let report = await next();
    while (report.cpu === undefined) report = await next();
    // Microseconds; a listener that spun would have used all of the second.
    expect(report.cpu - cpu).toBeLessThan(300_000);
  } finally {
    child.stdin.end();
    await once(child, 'exit');
  }
});
