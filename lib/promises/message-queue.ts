import type { FramingNumbers } from '../internal/native/native-types';
import { wireBytes } from '../lean/options/framing';
import { MessageCutter } from './cutter';
import type { Want } from './wants';

/** Many short messages weigh more than their bytes. */
const MOST_MESSAGES = 64;

/** Whole messages that came in and were not taken yet. */
export class MessageQueue implements Want<Buffer | null> {
  /** How many bytes they have. */
  length = 0;
  private messages: Buffer[] = [];
  /** Has cut the last bytes of the connection. */
  private cutter: MessageCutter | undefined = undefined;

  constructor(private readonly framing: FramingNumbers) {}

  get isEmpty(): boolean {
    return this.messages.length === 0;
  }

  get isFull(): boolean {
    return this.messages.length >= MOST_MESSAGES;
  }

  push(message: Buffer): void {
    this.messages.push(message);
    this.length += message.length;
  }

  /** Cuts the last bytes of a connection. */
  cut(bytes: Buffer): void {
    this.cutter = new MessageCutter(this.framing);
    for (const message of this.cutter.push(bytes)) this.push(message);
    this.cutter.end();
  }

  take(): Buffer | undefined {
    const message = this.messages.shift();
    if (message !== undefined) this.length -= message.length;
    return message;
  }

  atEnd(): null {
    if (this.cutter?.error !== undefined) throw this.cutter.error;
    return null;
  }

  /** Takes all, as they were on the wire. */
  takeWire(): Buffer[] {
    const bytes = this.messages.flatMap((message) => wireBytes(message, this.framing));
    if (this.cutter !== undefined) bytes.push(this.cutter.takeRest());
    this.messages = [];
    this.length = 0;
    return bytes;
  }
}
