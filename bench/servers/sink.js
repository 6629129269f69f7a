'use strict';

/** The load generator leaves in the middle of things; that is no error here. */
const leave = () => {};
const discard = () => {};

exports.net = (net) =>
  net.createServer((socket) => {
    socket.on('data', discard);
    socket.on('error', leave);
  });

exports.lean = async (lean, { endpoint, borrow }) =>
  lean.listen({ ...endpoint, borrow }, { data: discard }).ready;

exports.bun = (Bun, { path }) => {
  return Bun.listen({
    ...(path ? { unix: path } : { hostname: '127.0.0.1', port: 0 }),
    socket: { data: discard },
  });
};
