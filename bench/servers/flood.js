'use strict';
/* A server that refuses all connections. */

exports.net = (net) => {
  const blockList = new net.BlockList();
  blockList.addSubnet('127.0.0.0', 8, 'ipv4');
  return net.createServer({ blockList }, () => {
    throw new Error('a blocked address was let in');
  });
};
