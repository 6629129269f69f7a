// examples/chat.mjs and netcat (Debian's netcat-openbsd).
import type { ChildProcessWithoutNullStreams } from 'node:child_process';
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

import type { Program } from '../helpers/programs';
import { describeNeeds, missingCommand } from '../helpers/needs';
import { startExample } from '../helpers/programs';

/** A person at a terminal. */
class Netcat {
  private readonly child: ChildProcessWithoutNullStreams;
  private text = '';
  private wake: () => void = () => {};
  readonly ended: Promise<number | null>;

  constructor(...args: string[]) {
    this.child = spawn('nc', args, { stdio: 'pipe' });
    this.child.stdout.setEncoding('utf8').on('data', (text: string) => {
      this.text += text;
      this.wake();
    });
    this.ended = new Promise((resolve) => this.child.once('close', resolve));
  }

  /** Waits for a line that contains `text`, and forgets what came up to it. */
  async sees(text: string): Promise<string> {
    for (;;) {
      const at = this.text.indexOf(text);
      const end = at < 0 ? -1 : this.text.indexOf('\n', at);
      if (end >= 0) {
        const line = this.text.slice(0, end).split('\n').at(-1) ?? '';
        this.text = this.text.slice(end + 1);
        return line;
      }
      await new Promise<void>((resolve) => (this.wake = resolve));
    }
  }

  types(line: string): void {
    this.child.stdin.write(`${line}\n`);
  }

  leaves(): void {
    this.child.stdin.end();
  }

  disappears(): void {
    this.child.kill('SIGKILL');
  }
}

describeNeeds(missingCommand('nc')).each(['tcp', 'unix'] as const)(
  'the chat server and nc over %s',
  (transport) => {
    const folder = mkdtempSync(path.join(tmpdir(), 'uvnet-'));
    let server: Program;
    let guests = 0;

    beforeAll(async () => {
      server = await startExample(
        'chat.mjs',
        transport === 'tcp' ? '0' : path.join(folder, 'chat'),
      );
    });
    afterAll(() => rmSync(folder, { recursive: true }));

    const join = async (): Promise<Netcat> => {
      // -N: the end of one's input is the end of what one sends.
      const args =
        transport === 'tcp' ? ['-N', '127.0.0.1', server.where] : ['-N', '-U', server.where];
      const guest = new Netcat(...args);
      expect(await guest.sees('welcome')).toContain(`guest${++guests}`);
      return guest;
    };

    test("three clients see each other's messages, new names, departures and lost connections", async () => {
      const ann = await join();
      const bob = await join();
      const eve = await join();
      expect(await ann.sees('has joined')).toBe('* guest2 has joined');
      ann.types('/name ann');
      expect(await bob.sees('is now')).toBe('* guest1 is now ann');
      bob.types('hello, größer 🎉');
      expect(await ann.sees('hello')).toBe('guest2: hello, größer 🎉');
      expect(await eve.sees('hello')).toBe('guest2: hello, größer 🎉');
      ann.types('/who');
      expect(await ann.sees('* here')).toBe('* here: ann, guest2, guest3');
      bob.types('/name ann');
      expect(await bob.sees('taken')).toContain('that name is taken');
      eve.types('bold \u001b[1m text');
      expect(await bob.sees('bold')).toBe('guest3: bold [1m text');
      eve.disappears();
      expect(await ann.sees('has left')).toBe('* guest3 has left');
      bob.types('/quit');
      expect(await bob.sees('bye')).toBe('* bye');
      // netcat waits for the end of both directions.
      bob.leaves();
      expect(await bob.ended).toBe(0);
      expect(await ann.sees('has left')).toBe('* guest2 has left');
      ann.leaves();
      expect(await ann.ended).toBe(0);
      await eve.ended;
    });

    test('the room says goodbye when the server ends', async () => {
      const last = await join();
      const stopped = server.stop();
      expect(await last.sees('closes')).toBe('* the room closes');
      last.leaves();
      expect(await last.ended).toBe(0);
      expect(await stopped).toEqual({ code: 0, signal: null });
    });
  },
);
