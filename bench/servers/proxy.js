'use strict';
/* A proxy as most people write it: one outgoing connection for each incoming, piped both ways. */
const { once } = require('node:events');

exports.net = (net, { targetPort }) =>
  net.createServer({ noDelay: true }, (client) => {
    const target = net.connect({ host: '127.0.0.1', port: targetPort, noDelay: true });
    client.pipe(target);
    target.pipe(client);
    client.on('error', () => target.destroy());
    target.on('error', () => client.destroy());
  });

exports.lean = async ({ relay }, { targetPort, endpoint, module }) => {
  const net = await import(new URL('index.js', module));
  const server = net.createServer({ noDelay: true }, (client) => {
    const target = net.connect({ host: '127.0.0.1', port: targetPort, noDelay: true });
    relay(client, target).catch(() => {});
  });
  server.listen(endpoint);
  await once(server, 'listening');
  return { port: server.address().port };
};
