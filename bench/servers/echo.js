'use strict';

/** The load generator leaves in the middle of things; that is no error here. */
const leave = () => {};

exports.net = (net) =>
  net.createServer({ noDelay: true }, (socket) => {
    socket.on('data', (chunk) => socket.write(chunk));
    socket.on('error', leave);
  });

exports.lean = async (lean, { endpoint, borrow }) => {
  const server = lean.listen(
    { ...endpoint, noDelay: true, borrow },
    {
      data(connection, bytes) {
        connection.write(bytes);
      },
    },
  );
  return server.ready;
};

exports.bun = (Bun, { path }) => {
  // Bun.listen takes what the kernel takes and no more: the rest is the caller's to keep.
  const send = (socket, chunk) => {
    const sent = socket.data.rest.length === 0 ? socket.write(chunk) : 0;
    if (sent < chunk.length) {
      socket.data.rest = Buffer.concat([socket.data.rest, chunk.subarray(sent)]);
    }
  };
  return Bun.listen({
    ...(path ? { unix: path } : { hostname: '127.0.0.1', port: 0 }),
    socket: {
      open(socket) {
        socket.data = { rest: Buffer.alloc(0) };
      },
      data: send,
      drain(socket) {
        const { rest } = socket.data;
        if (rest.length > 0) socket.data.rest = rest.subarray(socket.write(rest));
      },
    },
  });
};
