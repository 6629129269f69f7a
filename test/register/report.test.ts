// The output of UVNET_REGISTER_REPORT=1.
import { Project } from '../helpers/project';

let project: Project;
beforeAll(() => {
  project = new Project({
    'node_modules/served/index.js': "require('net');",
    'node_modules/kept/index.js': "require('net');",
    'program.mjs': `
      import net from 'net';
      import 'served';
      import 'kept';
      const server = net.createServer((socket) => socket.end('hello'));
      server.maxConnections = 2;
      server.listen(0, '127.0.0.1', () => {
        const { port } = server.address();
        let closed = 0;
        for (let i = 0; i < 3; i++) {
          net.connect(port, '127.0.0.1').resume().on('close', () => ++closed === 3 && server.close());
        }
      });`,
  });
});
afterAll(() => project.remove());

const options = ['--import', 'uvnet/register', 'program.mjs'];

test('the report at exit lists the packages that got uvnet, and their use of it', async () => {
  const { stdout, stderr, code } = await project.run(options, {
    UVNET_REGISTER_REPORT: '1',
    UVNET_REGISTER_EXCLUDE: 'kept',
  });
  expect({ stdout, code }).toEqual({ stdout: '', code: 0 });
  const [title, file, ...lines] = stderr.trim().split('\n');
  expect(title).toBe('uvnet/register');
  expect(file).toMatch(/^ {2}code: .*\.node$/);
  expect(lines).toEqual([
    '  got uvnet: (program), served',
    '  kept node:net: kept',
    '  sockets: 3 connected, 2 accepted; servers: 1',
    '  bytes: 10 read, 10 written',
    '  connections dropped: 1, maxConnections 1',
    '  transferred to Node: 0 natively, 0 as streams',
  ]);
});

test('the report gives the reason for a fallback', async () => {
  const { stderr, code } = await project.run(['--no-addons', ...options], {
    UVNET_REGISTER_REPORT: '1',
  });
  expect(code).toBe(0);
  expect(stderr).toContain(
    '  code: fell back to node:net, because this Node does not load addons.\n',
  );
});

test('each thread has a report of its own', async () => {
  project.write({
    'thread.cjs': `
      const { Worker } = require('node:worker_threads');
      new Worker("require('net')", { eval: true });`,
  });
  const { stderr } = await project.run(['-r', 'uvnet/register', 'thread.cjs'], {
    UVNET_REGISTER_REPORT: '1',
  });
  expect(stderr).toMatch(/^uvnet\/register, thread \d+$[^]*got uvnet: \(program\)$/m);
  expect(stderr).toMatch(/^uvnet\/register$[^]*got uvnet: \(none\)$/m);
});

test('no report is printed unless it was requested', async () => {
  expect(await project.run(options)).toMatchObject({ stdout: '', stderr: '', code: 0 });
});
