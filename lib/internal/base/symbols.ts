/** Internal properties of uvnet's objects. */

export const kHandle: unique symbol = Symbol('handle');

/** Result of a write that was dispatched before `Writable` handled it. */
export const kDispatched: unique symbol = Symbol('dispatched');
/** Callback of the write in flight. */
export const kWriteCallback: unique symbol = Symbol('writeCallback');
export const kShutdownCallback: unique symbol = Symbol('shutdownCallback');
export const kLastWriteQueueSize: unique symbol = Symbol('lastWriteQueueSize');

/** `onread`: the buffer of the program, the function that makes it, and the callback. */
export const kBuffer: unique symbol = Symbol('buffer');
export const kBufferGenerator: unique symbol = Symbol('bufferGenerator');
export const kBufferCallback: unique symbol = Symbol('bufferCallback');

/** The peek in progress. */
export const kPeek: unique symbol = Symbol('peek');

/** Descriptors: whether they are received, and how many wait to be sent. */
export const kReceiveDescriptors: unique symbol = Symbol('receiveDescriptors');
export const kDescriptorsToSend: unique symbol = Symbol('descriptorsToSend');

/** The limits of a server. */
export const kLimits: unique symbol = Symbol('limits');
/** The timer of a close with a grace period. */
export const kGraceTimer: unique symbol = Symbol('graceTimer');
/** Options for binding to the path of a Unix socket. */
export const kPathOptions: unique symbol = Symbol('pathOptions');

/** The most recent call of connect(), until it succeeds. */
export const kConnectCall: unique symbol = Symbol('connectCall');
/** Called when a connect has succeeded. */
export const kConnected: unique symbol = Symbol('connected');
/** Callbacks that wait for the present connect; see when-connected.ts. */
export const kWaiting: unique symbol = Symbol('waiting');
/** Emits the pending 'close'. */
export const kCloseReport: unique symbol = Symbol('closeReport');
/** The signal of a socket, and its abort listener while the socket is open. */
export const kSignal: unique symbol = Symbol('signal');
export const kAbortion: unique symbol = Symbol('abortion');

/** The contents of the PROXY header of a connection. */
export const kProxy: unique symbol = Symbol('proxy');

/**
 * Idle timeout: the delay of its timer, the timer, the time of the last activity seen here, and
 * whether it has fired.
 */
export const kTimerDelay: unique symbol = Symbol('timerDelay');
export const kTimer: unique symbol = Symbol('timer');
export const kTouched: unique symbol = Symbol('touched');
export const kTimedOut: unique symbol = Symbol('timedOut');

/** How many milliseconds a connection may take to send its first byte; 0: no limit. */
export const kAttemptTimeout: unique symbol = Symbol('attemptTimeout');

/** Options that are kept until a handle exists. */
export const kNoDelay: unique symbol = Symbol('noDelay');
export const kKeepAlive: unique symbol = Symbol('keepAlive');
export const kTypeOfService: unique symbol = Symbol('typeOfService');

/** Socket options of the next connection, and those that setOption() keeps for it. */
export const kOptionPlan: unique symbol = Symbol('optionPlan');
export const kPendingOptions: unique symbol = Symbol('pendingOptions');
/** Socket options of a server's listening socket and of its connections. */
export const kServerOptions: unique symbol = Symbol('serverOptions');
/** The options object that all accepted sockets of a server share. */
export const kSocketOptions: unique symbol = Symbol('socketOptions');
export const kAcceptedOptions: unique symbol = Symbol('acceptedOptions');

/** Values of the counters when the handle was closed. */
export const kBytesRead: unique symbol = Symbol('bytesRead');
export const kBytesWritten: unique symbol = Symbol('bytesWritten');

/** The method that identifies a BoundSocket and takes its handle. */
export const kTakeHandle: unique symbol = Symbol('takeHandle');
/** The native id of a BlockList. */
export const kListId: unique symbol = Symbol('listId');
/** Whether the handle came from a BoundSocket, and the path of a pipe. */
export const kBoundSource: unique symbol = Symbol('boundSource');
export const kBoundPath: unique symbol = Symbol('boundPath');
