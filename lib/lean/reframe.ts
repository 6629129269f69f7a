import { Buffer } from 'node:buffer';
import { errnoException } from '../internal/base/system-errors';
import { binding } from '../internal/native/binding';
import type { FramingNumbers } from '../internal/native/native-types';
import { takeUndelivered } from './transfer';
import type { Connection, ConnectionGroup } from './connection/connection';
import { makeGroup } from './connection/delivery';
import { groupOf } from './connection/group';
import { askForHeld, holdEnd, holdError, holdUnread } from './connection/paused-input';
import { GONE, HOLDING, PAUSED, WAITING } from './connection/state-bits';

/**
 * Another framing for a connection that is open. The framing belongs to the group, so the connection
 * joins a group that differs in nothing else. All connections of one listener share such groups.
 */

/** Groups that differ only in their framing, by the framing. */
type Relatives = Map<string, ConnectionGroup>;

const relativesOf = new WeakMap<ConnectionGroup, Relatives>();

const keyOf = ([type, size, little, header, max, delimiter]: FramingNumbers): string =>
  [type, size, little, header, max, delimiter && Buffer.from(delimiter).toString('hex')].join();

/** The group with that framing, for one connection more. It lives as long as it has connections. */
function joinRelative(group: ConnectionGroup, framing: FramingNumbers): ConnectionGroup {
  const relatives: Relatives = relativesOf.get(group) ?? new Map([[keyOf(group.framing), group]]);
  const key = keyOf(framing);
  const known = relatives.get(key);
  if (known !== undefined && groupOf(known.number) === known) {
    known.retain();
    return known;
  }
  const made = makeGroup(group.table, group.owner, { ...group, framing: undefined }, framing);
  made.retain();
  made.finish();
  relatives.set(key, made);
  relativesOf.set(group, relatives);
  relativesOf.set(made, relatives);
  return made;
}

/**
 * Cuts what the connection reads from now on by another framing. A pause ends by it.
 *
 * @param unread - bytes in front of those that no handler was given yet
 * @returns without a framing all these bytes, which are the caller's then; otherwise nothing
 */
export function reframe(
  connection: Connection,
  framing: FramingNumbers,
  unread: readonly Buffer[] = [],
): Buffer[] {
  const { id, group: old } = connection;
  binding.leanFlush();
  // The flush may have found that the connection has failed.
  if ((connection.state & GONE) !== 0) return [...unread];
  const { chunks, ended, error } = takeUndelivered(connection);
  const group = joinRelative(old, framing);
  binding.readStop(id);
  binding.leanRemove(id, typeof binding.tcpSockName(id) === 'string' ? 'TCPWRAP' : 'PIPEWRAP');
  const status = binding.leanAdd(id, group.number, false);
  if (status !== 0) throw errnoException(status, 'open');
  connection.group = group;
  // What is noted for the old group is still to be delivered.
  setImmediate(() => old.release());

  const bytes = [...unread, ...chunks];
  if (group.framed) for (const chunk of bytes) holdUnread(connection, chunk);
  if (error !== undefined) holdError(connection, error);
  else if (ended) holdEnd(connection);
  connection.state &= ~PAUSED;
  if ((connection.state & HOLDING) !== 0) askForHeld(connection);
  else connection.readOn();
  // The event may have been noted for the old group, and dropped with it.
  if ((connection.state & WAITING) !== 0) process.nextTick(() => connection.drained());
  return group.framed ? [] : bytes;
}
