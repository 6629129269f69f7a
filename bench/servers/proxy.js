'use strict';
/* A proxy as most people write it: one outgoing connection for each incoming, piped both ways. */

exports.net = (net, { targetPort }) =>
  net.createServer({ noDelay: true }, (client) => {
    const target = net.connect({ host: '127.0.0.1', port: targetPort, noDelay: true });
    client.pipe(target);
    target.pipe(client);
    client.on('error', () => target.destroy());
    target.on('error', () => client.destroy());
  });
