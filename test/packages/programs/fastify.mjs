import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import fastify from 'fastify';

const app = fastify();
app.get('/:name', async (request) => ({ hello: request.params.name, ip: request.ip }));
const address = await app.listen({ port: 0, host: '127.0.0.1' });
console.log(await (await globalThis.fetch(`${address}/world`)).json());
const socket = connect(Number(new URL(address).port), '127.0.0.1');
socket.write('GET /raw HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n');
console.log((await text(socket)).split('\r\n\r\n')[1]);
await app.close();
