import { spawnSync } from 'node:child_process';
import path from 'node:path';

import { needs } from '../helpers/needs';
import { findNode, missingRuntime } from '../helpers/runtimes';

/** One binary serves every supported Node: the same file is loaded and used on each. */

const root = path.resolve(__dirname, '../..');
const binary = path.join(root, 'build/Release/uvnet.node');

const program = `
  const { Worker, isMainThread, threadId } = require('node:worker_threads');
  const net = require(${JSON.stringify(path.join(root, 'dist/index.js'))});
  const server = net.createServer((socket) => socket.pipe(socket));
  server.listen(0, '127.0.0.1', () => {
    const client = net.connect(server.address().port, '127.0.0.1', () => client.end('hello'));
    client.on('data', (data) => console.log(net.backend, String(data), isMainThread));
    client.on('close', () => {
      server.close();
      if (isMainThread) new Worker(process.env.PROGRAM, { eval: true });
    });
  });`;

describe.each(['20', '22', '24', '26'])('Node %s', (version) => {
  const node = findNode(version);

  needs(missingRuntime(node, `Node ${version}`))('runs with the same binary', () => {
    const { status, stdout, stderr } = spawnSync(node!, ['-e', program], {
      env: { PATH: process.env.PATH, PROGRAM: program, UVNET_BINDING: binary },
      encoding: 'utf8',
    });
    expect({ status, stdout, stderr }).toEqual({
      status: 0,
      stdout: 'native hello true\nnative hello false\n',
      stderr: '',
    });
  });
});
