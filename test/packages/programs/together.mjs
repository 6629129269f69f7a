// A small service: a page and a WebSocket that count visits in Redis and ask PostgreSQL for the sum.
import { once } from 'node:events';
import http from 'node:http';
import express from 'express';
import Redis from 'ioredis';
import pg from 'pg';
import { WebSocket, WebSocketServer } from 'ws';

const { REDIS_PORT, PG_PORT } = process.env;
const redis = new Redis({ port: Number(REDIS_PORT), host: '127.0.0.1' });
const database = new pg.Pool({
  host: '127.0.0.1',
  port: Number(PG_PORT),
  user: 'test',
  password: 'secret',
  database: 'postgres',
  ssl: { rejectUnauthorized: false },
});
await redis.del('visits');
const visit = async (name) => {
  const { rows } = await database.query('select $1::int + 1000 as sum', [
    await redis.incr('visits'),
  ]);
  return `${name}: ${rows[0].sum}`;
};
const app = express().get('/:name', async (request, response) =>
  response.send(await visit(request.params.name)),
);
const server = http.createServer(app).listen(0, '127.0.0.1');
new WebSocketServer({ server }).on('connection', (socket) =>
  socket.on('message', async (name) => socket.send(await visit(name))),
);
await once(server, 'listening');

const { port } = server.address();
console.log(await (await globalThis.fetch(`http://127.0.0.1:${port}/page`)).text());
const client = new WebSocket(`ws://127.0.0.1:${port}`);
await once(client, 'open');
client.send('socket');
console.log(String((await once(client, 'message'))[0]));
client.terminate();
await Promise.all([redis.quit(), database.end()]);
process.exit();
