// Fronts behind HAProxy, which tells them the client by the PROXY protocol and passes TLS through.
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import http2 from 'node:http2';
import https from 'node:https';
import net, { type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import tls from 'node:tls';

import { proxyInfoOf, type Front, type Hello } from 'uvnet/front';
import { FrontScope, makeCertificate, portOfFront, whole } from '../helpers/fronts';
import { describeNeeds, missingCommand } from '../helpers/needs';

const LOCAL = '127.0.0.1';
const fronts = new FrontScope();
const balancers: ChildProcess[] = [];
const folder = mkdtempSync(path.join(tmpdir(), 'uvnet-front-'));
afterEach(async () => {
  for (const child of balancers.splice(0)) {
    child.kill();
    await once(child, 'exit');
  }
  await fronts.dispose();
});
afterAll(() => rmSync(folder, { recursive: true }));

/** Starts HAProxy in front of a front. Returns its port, on which it inherits the listening socket. */
async function balance(front: Front, version: 1 | 2): Promise<number> {
  const file = path.join(folder, 'haproxy.cfg');
  const limits = ['connect', 'client', 'server'].map((name) => `  timeout ${name} 30s`);
  const words = version === 1 ? 'send-proxy' : 'send-proxy-v2';
  const lines = ['defaults', '  mode tcp', ...limits, 'listen one', '  bind fd@3'];
  lines.push(`  server s ${LOCAL}:${portOfFront(front)} ${words}`, '');
  writeFileSync(file, lines.join('\n'));
  const inherited = net.createServer().listen(0, LOCAL);
  await once(inherited, 'listening');
  const { port } = inherited.address() as AddressInfo;
  const { fd } = (inherited as unknown as { _handle: { fd: number } })._handle;
  balancers.push(
    spawn('haproxy', ['-db', '-f', file], { stdio: ['ignore', 'ignore', 'ignore', fd] }),
  );
  inherited.close();
  return port;
}

/** The client and its target, as the server sees them. */
const seen = (socket: net.Socket): string => {
  const { remoteAddress, remotePort, remoteFamily, localAddress, localPort } = socket;
  const names = [remoteAddress, remotePort, remoteFamily, localAddress, localPort];
  return JSON.stringify([proxyInfoOf(socket)?.version, ...names]);
};

interface Answer {
  text: string;
  /** The port of the client. */
  from: number | undefined;
}

async function getOverHttp(request: http.ClientRequest): Promise<Answer> {
  const [answer] = (await once(request, 'response')) as [http.IncomingMessage];
  const from = answer.socket.localPort;
  return { text: await whole(answer), from };
}

async function getOverHttp2(url: string): Promise<Answer> {
  const session = http2.connect(url, { rejectUnauthorized: false });
  const text = await whole(session.request() as AsyncIterable<Buffer>);
  const from = session.socket.localPort;
  session.close();
  return { text, from };
}

type Credentials = ReturnType<typeof makeCertificate>;
type Kind = [name: string, make: (of: Credentials) => net.Server, ask: (port: number) => unknown];

const answer = (
  { socket }: { socket: net.Socket },
  response: { end(text: string): unknown },
): void => {
  response.end(seen(socket));
};
const loose = { host: LOCAL, agent: false, rejectUnauthorized: false } as const;
const kinds: Kind[] = [
  ['http', () => http.createServer(answer), (port) => getOverHttp(http.get({ ...loose, port }))],
  [
    'https',
    (credentials) => https.createServer(credentials, answer),
    (port) => getOverHttp(https.get({ ...loose, port })),
  ],
  ['http2', () => http2.createServer(answer), (port) => getOverHttp2(`http://${LOCAL}:${port}`)],
  [
    'http2 over TLS',
    (credentials) => http2.createSecureServer(credentials, answer),
    (port) => getOverHttp2(`https://${LOCAL}:${port}`),
  ],
  [
    'tls',
    (credentials) => tls.createServer(credentials, (socket) => void socket.end(seen(socket))),
    async (port) => {
      const client = tls.connect({ ...loose, port });
      await once(client, 'secureConnect');
      const from = client.localPort;
      return { text: await whole(client), from };
    },
  ],
];

describeNeeds(missingCommand('haproxy'))('behind HAProxy', () => {
  describeNeeds(missingCommand('openssl'))('with certificates', () => {
    let credentials: Credentials;
    beforeAll(() => {
      credentials = makeCertificate();
    });

    describe.each([1, 2] as const)('that sends a PROXY header of version %i', (version) => {
      test.each(kinds)('a server of %s knows the client', async (_, make, ask) => {
        const front = await fronts.open(make(credentials), { proxyProtocol: 'required' });
        const port = await balance(front, version);
        const { text, from } = (await ask(port)) as Answer;
        expect(JSON.parse(text)).toEqual([version, LOCAL, from, 'IPv4', LOCAL, port]);
      });
    });

    test('TLS passes through to the server of the name', async () => {
      const server = (name: string): https.Server =>
        https.createServer(credentials, ({ socket }, response) => {
          const { servername } = socket as tls.TLSSocket;
          response.end(`${name} ${String(servername)} ${String(proxyInfoOf(socket)?.version)}`);
        });
      const hellos: Hello[] = [];
      const [one, two] = [server('one'), server('two')];
      const front = await fronts.open(
        (hello) => {
          hellos.push(hello);
          return hello.serverName === 'one.example' ? one : two;
        },
        { sniff: true, proxyProtocol: 'required' },
      );
      const port = await balance(front, 2);
      const get = async (servername: string): Promise<string> =>
        (await getOverHttp(https.get({ ...loose, port, servername }))).text;
      expect(await get('one.example')).toBe('one one.example 2');
      expect(await get('two.example')).toBe('two two.example 2');
      expect(hellos.map(({ serverName }) => serverName)).toEqual(['one.example', 'two.example']);
      for (const { proxyInfo } of hellos) expect(proxyInfo).toMatchObject({ version: 2 });
    });
  });
});
