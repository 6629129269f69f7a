'use strict';
/*
 * Writes `size` bytes at a time (a Buffer, or with `string` a string) until told to wait. With
 * `stream`, a file without end goes out by 'pipe' or 'pipeline' instead.
 */
const { createReadStream } = require('node:fs');
const { pipeline } = require('node:stream');

/** The load generator leaves in the middle of things; that is no error here. */
const leave = () => {};

const makeChunk = ({ size, string }) => (string ? 'x'.repeat(size) : Buffer.alloc(size, 'x'));

const openFile = ({ size }) => createReadStream('/dev/zero', { highWaterMark: size });

const STREAMS = {
  pipe(file, socket) {
    file.pipe(socket);
    socket.on('close', () => file.destroy());
    socket.on('error', leave);
  },
  pipeline: (file, socket) => pipeline(file, socket, leave),
};

exports.net = (net, options) => {
  if (options.stream) {
    return net.createServer((socket) => STREAMS[options.stream](openFile(options), socket));
  }
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
