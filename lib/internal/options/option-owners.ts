import type * as symbols from '../base/symbols';
import type { Handle } from '../native/handle';
import type { EncodedOptions, OptionPlan } from './socket-options';

/** The members of sockets and servers that the code for socket options needs. */

export interface KeepAliveSetting {
  enable: boolean;
  /** Seconds. */
  delay: number;
  /** Seconds; undefined: the value of the system. */
  interval: number | undefined;
  count: number | undefined;
}

export interface OptionSocket {
  readonly connecting: boolean;
  readonly [symbols.kHandle]: Handle | null;
  [symbols.kNoDelay]: boolean;
  [symbols.kKeepAlive]: KeepAliveSetting | null;
  [symbols.kTypeOfService]: number | undefined;
  [symbols.kOptionPlan]?: OptionPlan | undefined;
  [symbols.kPendingOptions]?: Map<number, number | string>;
}

export interface OptionServer {
  readonly _handle: Handle | null;
  readonly keepAlive: boolean;
  [symbols.kServerOptions]?: object;
  [symbols.kOptionPlan]?: OptionPlan | undefined;
  [symbols.kAcceptedOptions]?: EncodedOptions | undefined;
}
