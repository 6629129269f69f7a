/** Properties that are nobody's business outside of uvnet. */

export const kHandle: unique symbol = Symbol('handle');

/** Outcome of a write that was dispatched before `Writable` heard of it. */
export const kDispatched: unique symbol = Symbol('dispatched');
/** Callback of the write that is in flight. */
export const kWriteCallback: unique symbol = Symbol('writeCallback');
export const kShutdownCallback: unique symbol = Symbol('shutdownCallback');
export const kLastWriteQueueSize: unique symbol = Symbol('lastWriteQueueSize');

/** `onread`: the user's buffer, its generator, its callback. */
export const kBuffer: unique symbol = Symbol('buffer');
export const kBufferGenerator: unique symbol = Symbol('bufferGenerator');
export const kBufferCallback: unique symbol = Symbol('bufferCallback');

/** The peek that is under way. */
export const kPeek: unique symbol = Symbol('peek');

/** Descriptors: whether they are received, how many wait to be sent. */
export const kReceiveDescriptors: unique symbol = Symbol('receiveDescriptors');
export const kDescriptorsToSend: unique symbol = Symbol('descriptorsToSend');

/** The limits of a server. */
export const kLimits: unique symbol = Symbol('limits');
/** The timer of a close with a grace period. */
export const kGraceTimer: unique symbol = Symbol('graceTimer');
/** How to bind to a unix socket's path. */
export const kPathOptions: unique symbol = Symbol('pathOptions');

/** The last call of connect() that has not succeeded yet. */
export const kConnectCall: unique symbol = Symbol('connectCall');
/** What ends with a life that was never connected; see when-connected.ts. */
export const kWaiting: unique symbol = Symbol('waiting');
/** Emits the 'close' that is due. */
export const kCloseReport: unique symbol = Symbol('closeReport');
/** The signal that ends a socket, and its listener while the socket lives. */
export const kSignal: unique symbol = Symbol('signal');
export const kAbortion: unique symbol = Symbol('abortion');

/** What a PROXY header said about a connection. */
export const kProxy: unique symbol = Symbol('proxy');

/**
 * Idle timeout: the delay its timer was started with, the timer, the time of the last activity seen here,
 * whether it has fired.
 */
export const kTimerDelay: unique symbol = Symbol('timerDelay');
export const kTimer: unique symbol = Symbol('timer');
export const kTouched: unique symbol = Symbol('touched');
export const kTimedOut: unique symbol = Symbol('timedOut');

/** Milliseconds a server gives a connection for its first byte; 0: any time. */
export const kAttemptTimeout: unique symbol = Symbol('attemptTimeout');

/** Options kept until there is a handle to set them on. */
export const kNoDelay: unique symbol = Symbol('noDelay');
export const kKeepAlive: unique symbol = Symbol('keepAlive');
export const kTypeOfService: unique symbol = Symbol('typeOfService');

/** Socket options: those of the coming connection, and those that setOption() keeps for it. */
export const kOptionPlan: unique symbol = Symbol('optionPlan');
export const kPendingOptions: unique symbol = Symbol('pendingOptions');
/** What a server's listening socket and each of its connections get. */
export const kServerOptions: unique symbol = Symbol('serverOptions');
/** The server's one options object for accepted sockets. */
export const kSocketOptions: unique symbol = Symbol('socketOptions');
export const kAcceptedOptions: unique symbol = Symbol('acceptedOptions');

/** Counters as they were when the handle was closed. */
export const kBytesRead: unique symbol = Symbol('bytesRead');
export const kBytesWritten: unique symbol = Symbol('bytesWritten');

/** The method that distinguishes a BoundSocket from others, and gives its handle away. */
export const kTakeHandle: unique symbol = Symbol('takeHandle');
/** The id of a BlockList in the native part. */
export const kListId: unique symbol = Symbol('listId');
/** The handle came from a BoundSocket, and its path if it is a pipe's. */
export const kBoundSource: unique symbol = Symbol('boundSource');
export const kBoundPath: unique symbol = Symbol('boundPath');
