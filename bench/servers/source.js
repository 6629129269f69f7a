'use strict';
/* Writes `size` bytes at a time (a Buffer, or with `string` a string) until told to wait. */

/** The load generator leaves in the middle of things; that is no error here. */
const leave = () => {};

const makeChunk = ({ size, string }) => (string ? 'x'.repeat(size) : Buffer.alloc(size, 'x'));

exports.net = (net, options) => {
  const chunk = makeChunk(options);
  return net.createServer((socket) => {
    const fill = () => {
      while (socket.write(chunk));
    };
    socket.on('drain', fill);
    socket.on('error', leave);
    fill();
  });
};

exports.lean = async (lean, { endpoint, ...options }) => {
  const chunk = makeChunk(options);
  const fill = (connection) => {
    while (connection.write(chunk));
  };
  return lean.listen(endpoint, { open: fill, drain: fill }).ready;
};

exports.bun = (Bun, options) => {
  const chunk = Buffer.from(makeChunk(options));
  const fill = (socket) => {
    // One value throughout: a short write loses nothing that could be missed.
    while (socket.write(chunk) === chunk.length);
  };
  return Bun.listen({
    ...(options.path ? { unix: options.path } : { hostname: '127.0.0.1', port: 0 }),
    socket: { open: fill, drain: fill, data() {} },
  });
};
