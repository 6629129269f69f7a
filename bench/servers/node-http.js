'use strict';
/* Node's own HTTP server, fed with the sockets of the net module under measurement. */
const http = require('node:http');

exports.net = (net) => {
  const server = http.createServer((request, response) => {
    response.setHeader('Content-Type', 'text/plain');
    response.setHeader('Content-Length', 13);
    response.end('Hello, world!');
  });
  return net.createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
    server.emit('connection', socket);
  });
};
