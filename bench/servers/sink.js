'use strict';

/** The load generator leaves in the middle of things; that is no error here. */
const leave = () => {};

exports.net = (net) =>
  net.createServer((socket) => {
    let bytes = 0;
    socket.on('data', (chunk) => {
      bytes += chunk.length;
    });
    socket.on('error', leave);
  });

exports.bun = (Bun, { path }) => {
  let bytes = 0;
  return Bun.listen({
    ...(path ? { unix: path } : { hostname: '127.0.0.1', port: 0 }),
    socket: {
      data(socket, chunk) {
        bytes += chunk.length;
      },
    },
  });
};
