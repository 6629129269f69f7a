// Fronts in a program that runs with uvnet/register, where `net` is uvnet, and http is Node's.
import { Project } from '../helpers/project';

test('a front chooses a server of http, a server of net, which is of uvnet, and a relay', async () => {
  const program = `
    import http from 'node:http';
    import net from 'node:net';
    import { text } from 'node:stream/consumers';
    import { createFront } from 'uvnet/front';
    const web = http.createServer(({ socket }, response) => {
      response.end('http ' + (socket instanceof net.Socket) + ' ' + socket.remoteAddress);
    });
    const server = net.createServer((socket) => {
      socket.resume().end('net ' + net.backend + ' ' + socket.remoteAddress);
    });
    const other = net.createServer((socket) => socket.pipe(socket));
    await new Promise((resolve) => other.listen(0, '127.0.0.1', resolve));
    const front = createFront(({ protocol }) => {
      if (protocol === 'http1') return web;
      if (protocol === 'ssh') return server;
      return { connect: { port: other.address().port, host: '127.0.0.1' } };
    }, { sniff: true, proxyProtocol: 'required' });
    await new Promise((resolve) => front.listen(0, '127.0.0.1', resolve));
    const talk = async (words) => {
      const client = net.connect({ port: front.address().port, host: '127.0.0.1' });
      client.write('PROXY TCP4 192.0.2.1 198.51.100.1 1234 443\\r\\n' + words);
      if (words === 'hello ') client.end();
      return (await text(client)).split('\\r\\n\\r\\n').at(-1);
    };
    console.log(await talk('GET / HTTP/1.1\\r\\nHost: a\\r\\nConnection: close\\r\\n\\r\\n'));
    console.log(await talk('SSH-2.0-x\\r\\n'));
    console.log(await talk('hello '));
    console.log(JSON.stringify(await front.close()));
    other.close();`;
  const project = new Project({ 'program.mjs': program });
  try {
    const outcome = await project.run(['--import', 'uvnet/register', 'program.mjs']);
    expect(outcome).toMatchObject({
      stdout: `http true 192.0.2.1
net native 192.0.2.1
hello${' '}
{"ended":0,"destroyed":0}
`,
      stderr: '',
      code: 0,
    });
  } finally {
    project.remove();
  }
});
