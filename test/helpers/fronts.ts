// Fronts for the tests, closed after each.
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import type { AddressInfo, Server } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { createFront, type Front, type FrontOptions, type ListenOptions } from 'uvnet/front';

/** A key and a certificate of its own for localhost, made by openssl. */
export function makeCertificate(): { key: Buffer; cert: Buffer } {
  const folder = mkdtempSync(path.join(tmpdir(), 'uvnet-front-'));
  try {
    const [key, cert] = ['key.pem', 'cert.pem'].map((name) => path.join(folder, name));
    const command = 'req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2';
    const args = [...command.split(' '), '-subj', '/CN=localhost', '-keyout', key!, '-out', cert!];
    execFileSync('openssl', args, { stdio: 'ignore' });
    return { key: readFileSync(key!), cert: readFileSync(cert!) };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

export class FrontScope {
  private readonly fronts: Front[] = [];

  /** A front of the server that listens, on a free port of 127.0.0.1 unless told otherwise. */
  async open(server: Server, options?: FrontOptions, place?: ListenOptions): Promise<Front> {
    const front = createFront(server, options);
    this.fronts.push(front);
    front.listen(place ?? { port: 0, host: '127.0.0.1' });
    await once(front, 'listening');
    return front;
  }

  async dispose(): Promise<void> {
    for (const front of this.fronts.splice(0)) await front.close({ gracePeriod: 0 });
  }
}

export const portOfFront = (front: Front): number => (front.address() as AddressInfo).port;
