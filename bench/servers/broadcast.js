'use strict';
/* Every byte from one connection sends one and the same Buffer to all the others. */

/** The load generator leaves in the middle of things; that is no error here. */
const leave = () => {};

exports.net = (net, { size }) => {
  const message = Buffer.alloc(size, 'b');
  const members = new Set();
  return net.createServer({ noDelay: true }, (socket) => {
    members.add(socket);
    socket.on('close', () => members.delete(socket));
    socket.on('error', leave);
    socket.on('data', () => {
      for (const member of members) if (member !== socket) member.write(message);
    });
  });
};

exports.lean = async (lean, { endpoint, size }) => {
  const message = Buffer.alloc(size, 'b');
  const members = new Set();
  return lean.listen(
    { ...endpoint, noDelay: true },
    {
      open: (connection) => members.add(connection),
      close: (connection) => members.delete(connection),
      data(connection) {
        members.delete(connection);
        lean.broadcast(members, message);
        members.add(connection);
      },
    },
  ).ready;
};

exports.bun = (Bun, { size }) => {
  const message = Buffer.alloc(size, 'b');
  const members = new Set();
  return Bun.listen({
    hostname: '127.0.0.1',
    port: 0,
    socket: {
      open: (socket) => members.add(socket),
      close: (socket) => members.delete(socket),
      data(socket) {
        for (const member of members) if (member !== socket) member.write(message);
      },
    },
  });
};
