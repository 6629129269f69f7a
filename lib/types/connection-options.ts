/** Options of the connections of a handler table. */

/**
 * How a stream of bytes is split into messages. A message does not include its header or delimiter.
 */
export type Framing =
  | {
      /** Each message follows a header with its length. */
      type: 'length';
      /** Size of the header in bytes, 1 to 8. Default: 4. */
      bytes?: number | undefined;
      /** Byte order of the length. Default: 'big'. */
      endian?: 'big' | 'little';
      /** Whether the length includes the header itself. Default: false. */
      includesHeader?: boolean | undefined;
      /** The longest message that is accepted, in bytes. Default: 1 MiB. */
      max?: number | undefined;
    }
  | {
      /** A delimiter follows each message. */
      type: 'delimiter';
      /** The delimiter, 1 to 64 bytes. A string is encoded in UTF-8. Default: '\n'. */
      delimiter?: string | Uint8Array;
      /** The longest message that is accepted, in bytes. Default: 1 MiB. */
      max?: number | undefined;
    }
  | {
      /** All messages have the same size. */
      type: 'fixed';
      /** Size of a message in bytes, at least 1. */
      size: number;
    };

/** Options of all connections of handler tables, incoming and outgoing. */
export interface ConnectionOptions {
  /**
   * Whether `data` gets a view of the receive area instead of bytes of its own. The view is valid
   * only until the handler returns; its bytes are overwritten then. Default: false.
   */
  borrow?: boolean | undefined;
  /**
   * How bytes are split into messages; `data` then gets whole messages. Default: none, `data` gets
   * bytes as they arrive.
   */
  framing?: Framing | undefined;
  /** How many bytes may wait to be sent before `write` returns false. Default: 65536. */
  highWaterMark?: number | undefined;
  /**
   * Whether a connection stays open after its peer has ended, until `end` is called. Default:
   * false.
   */
  allowHalfOpen?: boolean | undefined;
}
