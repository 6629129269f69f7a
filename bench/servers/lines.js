'use strict';
/*
 * Sends each line back. On node:net, the program splits the bytes by hand, in a listener of 'data'
 * or, with `by: 'iteration'`, in a `for await` loop; with `by: 'readline'`, node:readline does it.
 * With uvnet/promises, lines() does it, or, with `messages`, native code.
 */
const { once } = require('node:events');
const { createInterface } = require('node:readline');

/** The load generator leaves in the middle of things; that is no error here. */
const leave = () => {};

async function iterate(socket) {
  let rest = '';
  socket.setEncoding('latin1');
  for await (const text of socket) {
    const lines = (rest + text).split('\n');
    rest = lines.pop();
    for (const line of lines) {
      if (!socket.write(`${line}\n`, 'latin1')) await once(socket, 'drain');
    }
  }
}

function splitByHand(socket) {
  let rest = '';
  socket.setEncoding('latin1');
  socket.on('data', (text) => {
    const lines = (rest + text).split('\n');
    rest = lines.pop();
    for (const line of lines) socket.write(`${line}\n`, 'latin1');
  });
}

async function splitByReadline(socket) {
  for await (const line of createInterface({ input: socket })) socket.write(`${line}\n`);
}

const ways = { readline: splitByReadline, iteration: iterate };

exports.net = (net, { by }) =>
  net.createServer({ noDelay: true }, (socket) => {
    socket.on('error', leave);
    if (by === undefined) splitByHand(socket);
    else ways[by](socket).catch(leave);
  });

const FRAMING = { type: 'delimiter', delimiter: '\n', max: 1024 };
const LINE_END = Buffer.from('\n');

async function sendLines(stream) {
  for await (const line of stream.lines({ encoding: 'latin1' })) {
    await stream.write(`${line}\n`, { encoding: 'latin1' });
  }
}

async function sendMessages(stream) {
  for await (const message of stream.messages(FRAMING)) {
    await stream.writev([message, LINE_END]);
  }
}

exports.promises = async ({ listen, serve }, { endpoint, messages }) => {
  const listener = await listen({ ...endpoint, noDelay: true });
  serve(listener, messages ? sendMessages : sendLines, { onError: leave });
  return listener;
};
