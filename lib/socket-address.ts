export { SocketAddress } from 'node:net';
