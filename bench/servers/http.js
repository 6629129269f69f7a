'use strict';
/* A canned HTTP answer for each empty line, without an HTTP parser: the cost of the socket alone. */

const ANSWER =
  'HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 13\r\n\r\nHello, world!';
const END = '\r\n\r\n';

/** The load generator leaves in the middle of things; that is no error here. */
const leave = () => {};

/** Answers every request that is complete; returns what is left of an incomplete one. */
function serve(text, write) {
  let start = 0;
  for (let end; (end = text.indexOf(END, start)) !== -1; start = end + END.length) write(ANSWER);
  return text.slice(start);
}

exports.net = (net) =>
  net.createServer({ noDelay: true }, (socket) => {
    let rest = '';
    const write = (answer) => socket.write(answer);
    socket.on('data', (chunk) => {
      rest = serve(rest + chunk.latin1Slice(), write);
    });
    socket.on('error', leave);
  });

exports.bun = (Bun) =>
  Bun.listen({
    hostname: '127.0.0.1',
    port: 0,
    socket: {
      open(socket) {
        socket.data = { rest: '', write: (answer) => socket.write(answer) };
      },
      data(socket, chunk) {
        const state = socket.data;
        state.rest = serve(state.rest + chunk.latin1Slice(), state.write);
      },
    },
  });
