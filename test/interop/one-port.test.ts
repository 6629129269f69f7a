// examples/one-port.mjs: the clients of several protocols share its port.
import { once } from 'node:events';
import nodeNet, { type AddressInfo } from 'node:net';
import tls from 'node:tls';

import { makeCertificate, whole } from '../helpers/fronts';
import { describeNeeds, missingCommand, needs } from '../helpers/needs';
import { runClient, startExample, type Program } from '../helpers/programs';

describeNeeds(missingCommand('openssl'))('one-port.mjs', () => {
  const servers: nodeNet.Server[] = [];
  let example: Program;
  let port: number;

  async function listen(server: nodeNet.Server): Promise<string> {
    servers.push(server);
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return String((server.address() as AddressInfo).port);
  }

  beforeAll(async () => {
    const ssh = nodeNet.createServer((socket) => {
      socket.once('data', (line) => socket.end(`SSH-2.0-server, for ${String(line)}`));
    });
    const other = tls.createServer(makeCertificate(), (socket) => {
      socket.on('error', () => {}).end(`relayed ${String(socket.servername)}`);
    });
    const route = `127.0.0.1:${await listen(other)}`;
    example = await startExample('one-port.mjs', '0', await listen(ssh), `b.example=${route}`);
    port = Number(example.where);
  });
  afterAll(async () => {
    expect(await example.stop()).toEqual({ code: 0, signal: null });
    for (const server of servers) server.close();
  });

  needs(missingCommand('curl'))('serves curl by protocol and by name', async () => {
    const to = ['-sSk', '--connect-to', `::127.0.0.1:${port}`];
    const site = await runClient('curl', [...to, 'https://a.example/']);
    expect(site).toMatchObject({ code: 0, stdout: 'the site, for 127.0.0.1\n' });
    const api = await runClient('curl', [...to, 'https://api.example/path']);
    expect(api).toMatchObject({ code: 0, stdout: '{"path":"/path"}\n' });
    const status = ['-o', '/dev/null', '-w', '%{http_code} %{redirect_url}'];
    const plain = await runClient('curl', [...to, ...status, 'http://a.example/path']);
    expect(plain).toMatchObject({ code: 0, stdout: '308 https://a.example/path' });
    const followed = await runClient('curl', [...to, '-L', 'http://api.example/other']);
    expect(followed).toMatchObject({ code: 0, stdout: '{"path":"/other"}\n' });
  });

  test('relays SSH, and TLS for a name that is elsewhere', async () => {
    const ssh = nodeNet.connect(port, '127.0.0.1');
    ssh.write('SSH-2.0-client\r\n');
    expect(await whole(ssh)).toBe('SSH-2.0-server, for SSH-2.0-client\r\n');
    const options = { port, host: '127.0.0.1', rejectUnauthorized: false };
    const secure = tls.connect({ ...options, servername: 'b.example' });
    expect(await whole(secure)).toBe('relayed b.example');
  });

  test('drops what it does not know', async () => {
    const client = nodeNet.connect(port, '127.0.0.1').on('error', () => {});
    client.write('EHLO example.org\r\n');
    const [line] = (await once(example.child.stdout!, 'data')) as [string];
    expect(line).toBe('127.0.0.1: noTarget\n');
    client.destroy();
  });
});
