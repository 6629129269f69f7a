import { ERR_INVALID_ARG_TYPE, ERR_SOCKET_CLOSED } from '../internal/base/errors';
import { isMadeBy } from '../internal/base/made-by';
import { optionsPart } from '../internal/options/part';
import { toLean } from '../lean/transfer';
import { connect } from '../lean/connect';
import type { Connection } from '../lean/connection/connection';
import { NO_FRAMING } from '../lean/options/framing';
import { reframe } from '../lean/reframe';
import { checkClose, LeanServer } from '../lean/server';
import { Socket } from '../lean/socket';
import type { ServerHandlers } from '../types/interfaces';
import type { Backend, ListeningSocket } from './backend';
import type { Transport, TransportHandlers } from './transport';

/**
 * Streams over handler tables. A transport is a connection of `uvnet/lean` itself, so that there is
 * nothing between a stream and the native code.
 */

const connectionOf = (transport: Transport): Connection => transport as unknown as Connection;
const transportOf = (connection: unknown): Transport => connection as Transport;
const tableOf = (handlers: TransportHandlers): ServerHandlers =>
  handlers as unknown as ServerHandlers;

/** @throws ERR_SOCKET_CLOSED */
function openId(transport: Transport): number {
  const { isOpen, id } = connectionOf(transport);
  if (!isOpen) throw new ERR_SOCKET_CLOSED();
  return id;
}

export const handlerTables: Backend = {
  connect: async (options, handlers) => transportOf(await connect(options, tableOf(handlers))),

  listen: (options, handlers) =>
    new LeanServer(options, tableOf(handlers)) as unknown as ListeningSocket,

  checkClose,

  adopt(socket, handlers) {
    if (!isMadeBy(Socket, socket)) throw new ERR_INVALID_ARG_TYPE('socket', 'uvnet.Socket', socket);
    return transportOf(toLean(socket, tableOf(handlers), { allowHalfOpen: true }));
  },

  frame(transport, framing, unread) {
    reframe(connectionOf(transport), framing, [unread]);
  },

  unframe: (transport) => reframe(connectionOf(transport), NO_FRAMING),

  toSocket: (transport, unread) => connectionOf(transport).toSocket(unread),

  setOption(transport, name, value) {
    optionsPart().byId.setOption(openId(transport), name, value);
  },

  getOption: (transport, name) =>
    transport.isOpen ? (optionsPart().byId.getOption(openId(transport), name) as never) : undefined,

  info: (transport) => (transport.isOpen ? optionsPart().byId.info(openId(transport)) : undefined),
};
