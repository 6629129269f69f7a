/** What a connection of a handler table is made with. */

/** How a stream of bytes is cut into messages. Headers and delimiters are no part of a message. */
export type Framing =
  | {
      /** A length in front of each message. */
      type: 'length';
      /** Width of the length, 1 to 8 bytes. Default: 4. */
      bytes?: number | undefined;
      /** Default: 'big'. */
      endian?: 'big' | 'little';
      /** Whether the length counts its own bytes too. Default: false. */
      includesHeader?: boolean | undefined;
      /** The longest message that is accepted, in bytes. Default: 1 MiB. */
      max?: number | undefined;
    }
  | {
      /** A delimiter behind each message. */
      type: 'delimiter';
      /** 1 to 64 bytes; a string is taken as UTF-8. Default: '\n'. */
      delimiter?: string | Uint8Array;
      /** The longest message that is accepted, in bytes. Default: 1 MiB. */
      max?: number | undefined;
    }
  | {
      /** Messages of one size. */
      type: 'fixed';
      /** Bytes, at least 1. */
      size: number;
    };

/** Options of connections, whichever way they are made. */
export interface ConnectionOptions {
  /**
   * Whether `data` gets a view of the area that bytes are received in, instead of bytes of its own: good
   * only until the handler returns, and overwritten then. Default: false.
   */
  borrow?: boolean | undefined;
  /** How bytes are cut into messages; `data` then gets whole messages. Default: as they come. */
  framing?: Framing | undefined;
  /** Bytes that may wait to be sent before `write` returns false. Default: 65536. */
  highWaterMark?: number | undefined;
  /** Whether a connection outlives its peer's end, to be ended by `end`. Default: false. */
  allowHalfOpen?: boolean | undefined;
}
