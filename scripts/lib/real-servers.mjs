// Servers from Debian packages, on loopback, with all their files in one folder.
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { createServer, connect } from 'node:net';
import { once } from 'node:events';
import { userInfo } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { CommandError, hasCommand, output } from './tools.mjs';

const HOST = '127.0.0.1';

/** Databases refuse to run as root. */
const plainUser = () =>
  process.getuid() === 0
    ? { uid: Number(output('id', ['-u', 'nobody'])), gid: Number(output('id', ['-g', 'nobody'])) }
    : {};

async function freePort() {
  const server = createServer().listen(0, HOST);
  await once(server, 'listening');
  const { port } = server.address();
  server.close();
  await once(server, 'close');
  return port;
}

/** Starts a server, and waits until it accepts connections. */
async function start(command, args, port, options) {
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'], ...options });
  let text = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (text += chunk));
  child.once('error', (error) => (text += error.message));
  for (let tries = 0; tries < 300; tries++) {
    if (child.exitCode !== null) break;
    const socket = connect(port, HOST);
    const isUp = await new Promise((resolve) => {
      socket.once('connect', () => resolve(true));
      socket.once('error', () => resolve(false));
    });
    socket.destroy();
    if (isUp) return child;
    await sleep(100);
  }
  child.kill('SIGKILL');
  throw new CommandError(`${command} does not start: ${text}`);
}

/** A key and a certificate for servers that speak TLS. */
function makeCertificate(folder, owner) {
  const args = [
    'req',
    '-x509',
    '-newkey',
    'rsa:2048',
    '-nodes',
    '-days',
    '30',
    '-subj',
    '/CN=localhost',
  ];
  output('openssl', [...args, '-keyout', 'key.pem', '-out', 'cert.pem'], { cwd: folder, ...owner });
}

async function redis(folder, owner) {
  const port = await freePort();
  const socket = path.join(folder, 'redis.sock');
  const args = [
    '--port',
    port,
    '--bind',
    HOST,
    '--unixsocket',
    socket,
    '--save',
    '',
    '--dir',
    folder,
  ];
  const child = await start('redis-server', args.map(String), port, owner);
  return { child, env: { REDIS_PORT: port, REDIS_PATH: socket } };
}

/** Debian keeps PostgreSQL's programs in a folder for each version. */
function postgresProgram(name) {
  const folder = spawnSync('pg_config', ['--bindir'], { encoding: 'utf8' }).stdout?.trim();
  const debian = spawnSync('sh', ['-c', 'ls -d /usr/lib/postgresql/*/bin | tail -n 1'], {
    encoding: 'utf8',
  });
  for (const where of [debian.stdout.trim(), folder]) {
    if (where && existsSync(path.join(where, name))) return path.join(where, name);
  }
  return name;
}

async function postgres(folder, owner) {
  const port = await freePort();
  const data = path.join(folder, 'data');
  const secret = path.join(folder, 'password');
  writeFileSync(secret, 'secret\n');
  const init = ['-D', data, '-U', 'test', '-A', 'scram-sha-256', `--pwfile=${secret}`, '-N'];
  output(postgresProgram('initdb'), init, { cwd: folder, ...owner });
  makeCertificate(folder, owner);
  const settings = {
    ssl: 'on',
    ssl_cert_file: `${folder}/cert.pem`,
    ssl_key_file: `${folder}/key.pem`,
    fsync: 'off',
  };
  const options = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
  const args = ['-D', data, '-p', String(port), '-h', HOST, '-k', folder, ...options];
  const child = await start(postgresProgram('postgres'), args, port, { cwd: folder, ...owner });
  return { child, env: { PG_PORT: port, PG_FOLDER: folder } };
}

async function mariadb(folder, owner) {
  const port = await freePort();
  const data = path.join(folder, 'data');
  const socket = path.join(folder, 'mariadb.sock');
  const own = ['--no-defaults', `--datadir=${data}`];
  output(
    'mariadb-install-db',
    [...own, '--auth-root-authentication-method=normal', '--skip-test-db'],
    {
      cwd: folder,
      ...owner,
    },
  );
  makeCertificate(folder, owner);
  // One statement a line.
  const first = path.join(folder, 'first.sql');
  const statements = [
    'create database test;',
    "create user test@'%' identified by 'secret';",
    "grant all on test.* to test@'%';",
  ];
  writeFileSync(first, `${statements.join('\n')}\n`);
  const args = [
    ...own,
    `--port=${port}`,
    `--bind-address=${HOST}`,
    `--socket=${socket}`,
    `--pid-file=${folder}/pid`,
    `--ssl-cert=${folder}/cert.pem`,
    `--ssl-key=${folder}/key.pem`,
    `--init-file=${first}`,
  ];
  const child = await start('mariadbd', args, port, { cwd: folder, ...owner });
  return { child, env: { MARIADB_PORT: port, MARIADB_PATH: socket } };
}

/** OpenSSH's server runs as the user of the tests, and accepts no other user. */
async function ssh(folder) {
  const port = await freePort();
  const key = path.join(folder, 'key');
  output('ssh-keygen', ['-q', '-t', 'rsa', '-m', 'PEM', '-N', '', '-f', key]);
  const config = path.join(folder, 'config');
  writeFileSync(
    config,
    [
      `ListenAddress ${HOST}`,
      `Port ${port}`,
      `HostKey ${key}`,
      `PidFile ${folder}/pid`,
      `AuthorizedKeysFile ${key}.pub`,
      'StrictModes no',
      'PermitRootLogin prohibit-password',
      'UsePAM no',
    ].join('\n'),
  );
  // The folder in which it drops its privileges; Debian's service creates it.
  if (process.getuid() === 0) mkdirSync('/run/sshd', { recursive: true });
  const child = await start('/usr/sbin/sshd', ['-D', '-e', '-f', config], port);
  return { child, env: { SSH_PORT: port, SSH_KEY: key, SSH_USER: userInfo().username } };
}

/** HAProxy in front of a path, with PROXY headers of both versions. It passes TLS through. */
async function haproxy(folder) {
  const target = path.join(folder, 'target.sock');
  const config = path.join(folder, 'haproxy.cfg');
  const ports = [await freePort(), await freePort()];
  const timeouts = ['connect', 'client', 'server'].map((name) => `  timeout ${name} 30s`);
  const listeners = ['send-proxy', 'send-proxy-v2'].flatMap((words, index) => [
    `listen v${index + 1}`,
    `  bind ${HOST}:${ports[index]}`,
    `  server s unix@${target} ${words}`,
  ]);
  writeFileSync(
    config,
    ['defaults', '  mode tcp', '  retries 0', ...timeouts, ...listeners, ''].join('\n'),
  );
  makeCertificate(folder);
  const child = await start('haproxy', ['-db', '-f', config], ports[1]);
  const env = { HAPROXY_V1: ports[0], HAPROXY_V2: ports[1], HAPROXY_TARGET: target };
  return { child, env: { ...env, HAPROXY_FOLDER: folder } };
}

const servers = {
  haproxy: { start: haproxy, command: 'haproxy', debian: 'haproxy' },
  redis: { start: redis, command: 'redis-server', debian: 'redis-server' },
  postgres: { start: postgres, command: postgresProgram('initdb'), debian: 'postgresql' },
  mariadb: { start: mariadb, command: 'mariadbd', debian: 'mariadb-server' },
  ssh: { start: ssh, command: '/usr/sbin/sshd', debian: 'openssh-server' },
};

const isThere = (command) => (path.isAbsolute(command) ? existsSync(command) : hasCommand(command));

/** The missing Debian package, or undefined. */
export const missingServer = (name) =>
  isThere(servers[name].command) ? undefined : servers[name].debian;

/**
 * Starts a server in its own folder.
 *
 * @param user - the implementation that uses it: each gets a new server
 * @returns its address, as environment variables for a program, and a function that stops it
 */
export async function startServer(name, parent, user) {
  const owner = plainUser();
  const folder = path.join(parent, `${user}-${name}`);
  mkdirSync(folder);
  if (owner.uid !== undefined && !['haproxy', 'ssh'].includes(name)) {
    output('chown', [`${owner.uid}:${owner.gid}`, folder]);
  }
  const { child, env } = await servers[name].start(folder, owner);
  return {
    env: Object.fromEntries(Object.entries(env).map(([key, value]) => [key, String(value)])),
    async stop() {
      const ended = once(child, 'exit');
      child.kill(name === 'postgres' ? 'SIGINT' : 'SIGTERM');
      await ended;
    },
  };
}
