'use strict';
/* A client under measurement: connects, ends as soon as it is connected, connects again. */

const ADDRESSES = 128; // 127.0.0.1 to 127.0.0.128, so that local ports do not run out

exports.net = (net, { connections, targetPort }) => {
  let turn = 0;
  const dial = () => {
    turn = (turn + 1) % ADDRESSES;
    const socket = net.connect({ host: `127.0.0.${turn + 1}`, port: targetPort });
    socket.on('connect', () => socket.end());
    socket.on('close', dial);
    socket.resume();
  };
  for (let i = 0; i < connections; i += 1) dial();
};
