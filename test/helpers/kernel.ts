// Reads the kernel's state of a socket of this process from another process that shares no code
// with uvnet: a few lines of Python that duplicate the descriptor (pidfd_getfd) and call
// getsockopt.
import { spawn, type ChildProcess } from 'node:child_process';
import { createInterface, type Interface } from 'node:readline';

/** Level and name of an option, with the kernel's own numbers. */
export type Query = readonly [level: number, name: number];

const program = `
import ctypes, json, os, socket, sys
libc = ctypes.CDLL(None, use_errno=True)
PIDFD_OPEN, PIDFD_GETFD = 434, 438
pid = libc.syscall(PIDFD_OPEN, int(sys.argv[1]), 0)
def ask(fd, level, name):
    copy = libc.syscall(PIDFD_GETFD, pid, fd, 0)
    if copy < 0: raise OSError(ctypes.get_errno(), "pidfd_getfd")
    with socket.socket(fileno=copy) as borrowed:
        return list(borrowed.getsockopt(level, name, 64))
for line in sys.stdin:
    try: print(json.dumps({"bytes": ask(*json.loads(line))}), flush=True)
    except Exception as error: print(json.dumps({"error": str(error)}), flush=True)
`;

/** One observer for the cases of a file; `close` it after the last one. */
export class Observer {
  private readonly process: ChildProcess;
  private readonly answers: AsyncIterator<string>;
  private readonly lines: Interface;

  constructor() {
    this.process = spawn('python3', ['-c', program, String(process.pid)], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    this.lines = createInterface({ input: this.process.stdout! });
    this.answers = this.lines[Symbol.asyncIterator]();
  }

  /** Returns the result of getsockopt as bytes. */
  async bytes(endpoint: object, [level, name]: Query): Promise<Buffer> {
    this.process.stdin!.write(`${JSON.stringify([fdOf(endpoint), level, name])}\n`);
    const { value } = await this.answers.next();
    const answer = JSON.parse(value as string) as { bytes?: number[]; error?: string };
    if (answer.bytes === undefined) throw new Error(`observer: ${answer.error}`);
    return Buffer.from(answer.bytes);
  }

  async number(endpoint: object, query: Query): Promise<number> {
    return (await this.bytes(endpoint, query)).readInt32LE(0);
  }

  async text(endpoint: object, query: Query): Promise<string> {
    return (await this.bytes(endpoint, query)).toString().replace(/\0.*$/s, '');
  }

  async close(): Promise<void> {
    const closed = new Promise((resolve) => this.process.once('close', resolve));
    this.process.stdin!.end();
    await closed;
    this.lines.close();
  }
}

/** Descriptor of a socket or server. */
function fdOf(endpoint: object): number {
  return (endpoint as { _handle: { fd: number } })._handle.fd;
}
