import { binding } from '../internal/native/binding';
import { errnoByName } from '../internal/native/errno';
import { errnoException, genericNodeError } from '../internal/base/errors';
import { reported } from '../internal/native/report';
import { borrowBytes, ownBytes, returnBytes } from './bytes';
import {
  CLOSING,
  Connection,
  connectionOf,
  ENDED,
  FINISHED,
  GONE,
  HOLDING,
  PAUSED,
  SHUT,
  UNOPENED,
  WAITING,
} from './connection';
import { groupOf, type Group } from './group';
import { hold, holdEnd, holdError, releaseHeld } from './held';
import * as memory from './memory';
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
} from './memory';

const UV_ENOTCONN = errnoByName('ENOTCONN');

/** Takes the events of the core apart and calls the handlers. */

/** In the order of LeanEvent::FrameError in native/lean/lean_hub.h, from 1 on. */
const frameErrors = [
  undefined,
  { code: 'ERR_UVNET_MESSAGE_TOO_LONG', message: 'A message is longer than options.framing.max' },
  { code: 'ERR_UVNET_MESSAGE_LENGTH', message: 'A message is shorter than its own header' },
  { code: 'ERR_UVNET_MESSAGE_CUT_OFF', message: 'The connection ended within a message' },
];

export function frameError(kind: number): Error {
  const { code, message } = frameErrors[kind]!;
  return genericNodeError(message, { code });
}

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

/** The peer has ended. */
export function onEnd(connection: Connection): void {
  if ((connection.state & (PAUSED | HOLDING)) !== 0) {
    holdEnd(connection);
    return;
  }
  connection.state |= ENDED;
  connection.group.table.end(connection);
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
  // Not connected: both sides have ended already, or reading tells why.
  if (status < 0 && status !== UV_ENOTCONN) {
    connection.destroy(errnoException(status, 'shutdown'));
  } else if ((connection.state & (ENDED | CLOSING)) !== 0) {
    connection.destroy();
  }
}

function onClosed(group: Group): void {
  const connection = group.closed.shift();
  if (connection === undefined) return;
  // Before the handler, which may throw.
  connection.reported();
  group.left(connection);
  // Nobody has heard of it.
  if ((connection.state & UNOPENED) !== 0) return;
  group.table.close(connection, connection.last?.error);
}

function onOpen(connection: Connection): void {
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
  const group = groupOf(number);
  for (let next = numbers[DELIVERED]; next < end; next += 1) {
    // A handler that throws ends this call; the core goes on with the event after it.
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
    // It was closed, or given away, since.
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
        if ((connection.state & (PAUSED | HOLDING)) !== 0) holdError(connection, frameError(size));
        else connection.destroy(frameError(size));
        break;
      case HELD:
        releaseHeld(connection);
        break;
      default:
    }
  }
}

export function startDelivery(): void {
  memory.start((number, end, message) => {
    try {
      deliver(number, end, message);
    } catch (error) {
      throw reported(error);
    }
  });
}
