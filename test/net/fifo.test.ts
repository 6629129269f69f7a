// A pipe handle may be a FIFO (fifo(7)): it is not a socket, but `net` treats it like one.
import { execFileSync } from 'node:child_process';
import { constants, openSync } from 'node:fs';
import type { SocketConstructorOpts } from 'node:net';

import { nextEvent } from '../helpers/events';
import { describeNet } from '../helpers/implementations';
import { onUnix } from '../helpers/platforms';
import { Random } from '../helpers/random';
import { readAll } from '../helpers/streams';

describeNet('a FIFO', ({ net, scope }) => {
  function ends() {
    const fifo = scope.path('fifo');
    execFileSync('mkfifo', [fifo]);
    const open = (flags: number) => openSync(fifo, flags | constants.O_NONBLOCK);
    const socket = (options: SocketConstructorOpts) => scope.track(new net.Socket(options));
    return {
      reader: socket({ fd: open(constants.O_RDONLY), writable: false }),
      writer: socket({ fd: open(constants.O_WRONLY), readable: false }),
    };
  }

  onUnix('every kind of write arrives whole, and the end after it', async () => {
    const { reader, writer } = ends();
    const received = readAll(reader);
    // More than a FIFO holds (64 KiB): part of it waits.
    const many = new Random(1).bytes(300_000);
    writer.write('text ');
    writer.write(Buffer.from('bytes '));
    writer.write(many);
    await nextEvent(writer, 'drain');
    writer.cork();
    writer.write('corked ');
    writer.write(Buffer.from('bytes'));
    writer.uncork();
    writer.end('.');
    const sent = Buffer.concat([Buffer.from('text bytes '), many, Buffer.from('corked bytes.')]);
    expect((await received).equals(sent)).toBe(true);
  });

  onUnix('a write fails with EPIPE when there is no reader any more', async () => {
    const { reader, writer } = ends();
    const closed = nextEvent(reader, 'close');
    reader.destroy();
    await closed;
    const failed = nextEvent(writer, 'error');
    writer.write('lost');
    const [error] = await failed;
    expect(error).toMatchObject({ code: 'EPIPE', syscall: 'write' });
  });
});
