export { BlockList } from 'node:net';
