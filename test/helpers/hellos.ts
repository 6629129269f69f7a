// ClientHellos that tests make themselves, with contents that the installed clients do not send.
const number = (width: number, value: number): Buffer => {
  const bytes = Buffer.alloc(width);
  bytes.writeUIntBE(value, 0, width);
  return bytes;
};

const vector = (width: number, ...parts: (Buffer | string)[]): Buffer => {
  const bytes = Buffer.concat(parts.map((part) => Buffer.from(part as string)));
  return Buffer.concat([number(width, bytes.length), bytes]);
};

export const extension = (type: number, ...parts: (Buffer | string)[]): Buffer =>
  Buffer.concat([number(2, type), vector(2, ...parts)]);

export const serverName = (name: string | Buffer): Buffer =>
  extension(0, vector(2, Buffer.from([0]), vector(2, name)));

export const alpn = (...names: string[]): Buffer =>
  extension(16, vector(2, ...names.map((name) => vector(1, Buffer.from(name, 'latin1')))));

export const supportedVersions = (...versions: number[]): Buffer =>
  extension(43, vector(1, ...versions.map((version) => number(2, version))));

export interface HelloOptions {
  /** Most bytes of the message in one record. */
  recordSize?: number;
  ciphers?: number[];
}

/** A ClientHello in its records. */
export function clientHello(extensions: Buffer[], options: HelloOptions = {}): Buffer {
  const { recordSize = 16_384, ciphers = [0x1301, 0xc02f] } = options;
  const message = Buffer.concat([
    Buffer.from([1]),
    vector(
      3,
      number(2, 0x0303),
      Buffer.alloc(32, 'r'),
      vector(1, Buffer.alloc(32, 'i')),
      vector(2, ...ciphers.map((cipher) => number(2, cipher))),
      vector(1, Buffer.from([0])),
      vector(2, ...extensions),
    ),
  ]);
  const records: Buffer[] = [];
  for (let at = 0; at < message.length; at += recordSize) {
    records.push(Buffer.from([22, 3, 1]), vector(2, message.subarray(at, at + recordSize)));
  }
  return Buffer.concat(records);
}
