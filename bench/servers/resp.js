'use strict';
/*
 * A Redis-like server: it parses commands and answers each with +OK, in one write per command, like
 * a server that is written without batching.
 */

const LINE_FEED = 10;
const ZERO = 48;

/** The load generator leaves in the middle of things; that is no error here. */
const leave = () => {};

/** Calls `command` for every complete command and returns the bytes of the incomplete rest. */
function parse(data, command) {
  let start = 0;
  let at = 0;
  /** Reads the number after one type byte; -1 when the line is not complete. */
  const number = () => {
    let value = 0;
    for (at += 1; at < data.length; at += 1) {
      const byte = data[at];
      if (byte === LINE_FEED) {
        at += 1;
        return value;
      }
      if (byte >= ZERO) value = value * 10 + byte - ZERO;
    }
    return -1;
  };
  while (at < data.length) {
    let elements = number();
    for (; elements > 0; elements -= 1) {
      const bytes = number();
      if (bytes < 0 || at + bytes + 2 > data.length) return data.subarray(start);
      at += bytes + 2;
    }
    if (elements < 0) break;
    start = at;
    command();
  }
  return start === data.length ? undefined : data.subarray(start);
}

exports.net = (net) =>
  net.createServer({ noDelay: true }, (socket) => {
    let rest;
    const answer = () => socket.write('+OK\r\n');
    socket.on('data', (chunk) => {
      rest = parse(rest === undefined ? chunk : Buffer.concat([rest, chunk]), answer);
    });
    socket.on('error', leave);
  });

exports.lean = async (lean, { endpoint }) => {
  const server = lean.listen(
    { ...endpoint, noDelay: true },
    {
      open(connection) {
        connection.data = { rest: undefined, answer: () => connection.write('+OK\r\n') };
      },
      data({ data: state }, bytes) {
        const all = state.rest === undefined ? bytes : Buffer.concat([state.rest, bytes]);
        state.rest = parse(all, state.answer);
      },
    },
  );
  return server.ready;
};

exports.bun = (Bun) =>
  Bun.listen({
    hostname: '127.0.0.1',
    port: 0,
    socket: {
      open(socket) {
        socket.data = { rest: undefined, answer: () => socket.write('+OK\r\n') };
      },
      data(socket, chunk) {
        const state = socket.data;
        const all = state.rest === undefined ? chunk : Buffer.concat([state.rest, chunk]);
        state.rest = parse(all, state.answer);
      },
    },
  });
