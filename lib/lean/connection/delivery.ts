import { binding, errnoByName } from '../../internal/native/binding';
import { errnoException } from '../../internal/base/system-errors';
import { reported } from '../../internal/native/report';
import type { FramingNumbers } from '../../internal/native/native-types';
import { borrowBytes, ownBytes, returnBytes } from '../memory/received-bytes';
import { Connection, connectionOf, type ConnectionGroup } from './connection';
import { framingError, kMisframed } from '../options/framing';
import type { ConnectionOptions } from '../../types/connection-options';
import { Group, groupOf, type GroupOwner, type Table } from './group';
import {
  CLOSING,
  ENDED,
  FINISHED,
  GONE,
  HOLDING,
  PAUSED,
  SHUT,
  UNFINISHED,
  UNOPENED,
  WAITING,
} from './state-bits';
import { askForHeld, heldBy, hold, holdEnd, holdError, release } from './paused-input';
import * as memory from '../memory/shared-memory';
import {
  ACCEPTED,
  CLOSED,
  DATA,
  DELIVERED,
  DRAIN,
  END,
  EVENTS,
  FRAME_ERROR,
  HELD,
  MOST_QUEUED,
  numbers,
  OPEN,
  QUEUED,
  READ_ERROR,
  SHUTDOWN,
  STOPPED,
  WRITE_ERROR,
} from '../memory/shared-memory';

const UV_ENOTCONN = errnoByName('ENOTCONN');

/** Decodes the events of the native code and calls the handlers. */

function onData(connection: Connection, at: number, size: number, message?: Buffer): void {
  const { group } = connection;
  if ((connection.state & (PAUSED | HOLDING)) !== 0) {
    hold(connection, message?.subarray(0, size) ?? ownBytes(at, size));
  } else if (message !== undefined) {
    group.table.data(connection, message.length === size ? message : message.subarray(0, size));
  } else if (group.borrow) {
    const bytes = borrowBytes(at, size);
    group.table.data(connection, bytes);
    returnBytes(bytes);
  } else {
    group.table.data(connection, ownBytes(at, size));
  }
}

/** The peer has ended its side. */
function onEnd(connection: Connection): void {
  if ((connection.state & (PAUSED | HOLDING)) !== 0) {
    holdEnd(connection);
    return;
  }
  connection.state |= ENDED;
  try {
    connection.group.table.end(connection);
  } finally {
    afterEnd(connection);
  }
}

/** This runs even if the handler throws. Otherwise the connection would never end. */
function afterEnd(connection: Connection): void {
  const { state } = connection;
  if ((state & GONE) !== 0) return;
  if ((state & FINISHED) === 0) {
    if (!connection.group.allowHalfOpen) connection.end();
  } else if ((state & SHUT) !== 0) {
    connection.destroy();
  }
}

function onShutdown(connection: Connection, status: number): void {
  connection.state |= SHUT;
  // ENOTCONN means that both sides have ended, or that reading reports the reason.
  if (status < 0 && status !== UV_ENOTCONN) {
    connection.destroy(errnoException(status, 'shutdown'));
    return;
  }
  try {
    connection.group.table.finish(connection);
  } finally {
    if ((connection.state & (ENDED | CLOSING)) !== 0) connection.destroy();
  }
}

/** An owner that pauses the connection hears of the error when it resumes. */
function onMisframed(connection: Connection, error: Error): void {
  connection.group.table[kMisframed](connection);
  if ((connection.state & PAUSED) !== 0) holdError(connection, error, true);
  else connection.destroy(error);
}

/** Delivers the first item of held input, and requests the next one. */
function onHeld(connection: Connection): void {
  const input = heldBy(connection);
  if (input === undefined) return;
  input.asked = false;
  if ((connection.state & PAUSED) !== 0) return;
  const bytes = input.shift();
  const { error, misframed, ended } = input;
  // The state is updated before the handler runs, because it may throw.
  if (bytes === undefined || !(input.hasBytes || ended || error !== undefined)) {
    release(connection);
    if (error === undefined && !ended) connection.readOn();
  } else {
    askForHeld(connection);
  }
  if ((connection.state & GONE) !== 0) return;
  if (bytes !== undefined) connection.group.table.data(connection, bytes);
  else if (error !== undefined) {
    if (misframed) onMisframed(connection, error);
    else connection.destroy(error);
  } else if (ended) onEnd(connection);
}

function onClosed(group: ConnectionGroup): void {
  const connection = group.closed.shift();
  if (connection === undefined) return;
  // Before the handler runs, because it may throw.
  connection.reported();
  group.left(connection);
  // The program has never seen this connection.
  if ((connection.state & UNOPENED) !== 0) return;
  try {
    if ((connection.state & UNFINISHED) !== 0) group.table.finish(connection);
  } finally {
    group.table.close(connection, connection.last?.error);
  }
}

export function onOpen(connection: Connection): void {
  const { group } = connection;
  if (group.refuses) {
    connection.destroy();
    return;
  }
  group.owner?.opened(connection);
  if ((connection.state & GONE) !== 0) return;
  connection.state &= ~UNOPENED;
  group.table.open(connection);
}

/** See {@link NativeBinding.leanStart}. */
function deliver(number: number, end: number, message?: Buffer): void {
  const group = groupOf(number) as ConnectionGroup | undefined;
  for (let next = numbers[DELIVERED]; next < end; next += 1) {
    // If a handler throws, this call ends, and the native code continues with the next event.
    numbers[DELIVERED] = next + 1;
    if (group === undefined) continue;
    const event = EVENTS + 4 * next;
    const id = numbers[event];
    const type = numbers[event + 1];
    const size = numbers[event + 3];
    if (type === ACCEPTED) {
      onOpen(new Connection(id, group, group.pauses ? UNOPENED | PAUSED : UNOPENED));
      continue;
    }
    if (type === CLOSED) {
      onClosed(group);
      continue;
    }
    if (type === STOPPED) {
      group.owner?.stopped();
      continue;
    }
    const connection = connectionOf(id);
    // The connection was closed or transferred in the meantime.
    if (connection === undefined) continue;
    switch (type) {
      case OPEN:
        onOpen(connection);
        break;
      case DATA:
        onData(connection, numbers[event + 2], size, message);
        break;
      case END:
        onEnd(connection);
        break;
      case READ_ERROR:
        connection.destroy(errnoException(size, 'read'));
        break;
      case WRITE_ERROR:
        connection.destroy(errnoException(size, 'write'));
        break;
      case QUEUED:
        connection.queued = size < MOST_QUEUED ? size : binding.writeQueueSize(connection.id);
        if (size > connection.group.highWaterMark) connection.state |= WAITING;
        break;
      case DRAIN:
        connection.queued = 0;
        connection.drained();
        break;
      case SHUTDOWN:
        onShutdown(connection, size);
        break;
      case FRAME_ERROR:
        if ((connection.state & (PAUSED | HOLDING)) !== 0) {
          holdError(connection, framingError(size), true);
        } else onMisframed(connection, framingError(size));
        break;
      case HELD:
        onHeld(connection);
        break;
      default:
    }
  }
}

/** Makes a group whose events are delivered here. */
export function makeGroup(
  table: Table<Connection>,
  owner: GroupOwner<Connection> | undefined,
  options: ConnectionOptions,
  framing: FramingNumbers,
): ConnectionGroup {
  memory.start((number, end, message) => {
    try {
      deliver(number, end, message);
    } catch (error) {
      throw reported(error);
    }
  });
  return new Group(table, owner, options, framing);
}
