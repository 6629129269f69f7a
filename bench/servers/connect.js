'use strict';
/* A client under measurement: connects, ends as soon as it is connected, connects again. */

const ADDRESSES = 128; // 127.0.0.1 to 127.0.0.128, so that local ports do not run out

let turn = 0;

function nextTarget(port) {
  turn = (turn + 1) % ADDRESSES;
  return { host: `127.0.0.${turn + 1}`, port };
}

exports.net = (net, { connections, targetPort }) => {
  const dial = () => {
    const socket = net.connect(nextTarget(targetPort));
    socket.on('connect', () => socket.end());
    socket.on('close', dial);
    socket.resume();
  };
  for (let i = 0; i < connections; i += 1) dial();
};

exports.lean = (lean, { connections, targetPort }) => {
  const handlers = {
    open: (connection) => connection.end(),
    data() {},
    close: () => dial(),
  };
  // A connection that fails has been closed by then, and the next one is under way.
  const dial = () => void lean.connect(nextTarget(targetPort), handlers).catch(() => {});
  for (let i = 0; i < connections; i += 1) dial();
  return {};
};
