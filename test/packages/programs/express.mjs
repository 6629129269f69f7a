// Over a server of Node's, and over one of `net` that gives its connections to http, as port sharing does.
import http from 'node:http';
import net from 'node:net';
import { once } from 'node:events';
import express from 'express';

const app = express();
app.use(express.json({ limit: '4mb' }));
app.get('/hello/:name', (request, response) => response.send(`hello ${request.params.name}`));
app.post('/length', (request, response) => response.json({ length: request.body.text.length }));
const web = http.createServer(app);
const shared = net.createServer((socket) => web.emit('connection', socket));
for (const server of [web, shared]) {
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const base = `http://127.0.0.1:${server.address().port}`;
  console.log(await (await globalThis.fetch(`${base}/hello/world`)).text());
  const body = JSON.stringify({ text: 'x'.repeat(2_000_000) });
  const headers = { 'content-type': 'application/json' };
  console.log(
    await (await globalThis.fetch(`${base}/length`, { method: 'POST', headers, body })).json(),
  );
  console.log((await globalThis.fetch(`${base}/nothing`)).status);
}
shared.close();
web.close();
web.closeAllConnections();
