// Races with random outcomes and random interference: each ends exactly once and leaves nothing
// behind. UVNET_RACES=10000 for the long run, which is meant for the asan flavour.
import { runChild, type ChildTools } from '../helpers/child';
import { FarServer } from '../helpers/dialing';
import { uvnet } from '../helpers/implementations';
import { needs } from '../helpers/needs';
import { NetworkLab } from '../helpers/netns';

const RACES = Number(process.env.UVNET_RACES ?? 500);

interface Plan {
  addresses: string[];
  port: number;
  races: number;
  seed: number;
}

/** Runs the races, a hundred at a time, and prints what went wrong and how they ended. */
function runRaces({ net, require, args }: ChildTools): void {
  const assert: typeof import('node:assert') = require('node:assert');
  const fs = require('node:fs') as typeof import('node:fs');
  const [{ addresses, port, races, seed }] = args as unknown as [Plan];
  const sockets = (): number =>
    fs.readdirSync('/proc/self/fd').filter((fd) => {
      try {
        return fs.readlinkSync(`/proc/self/fd/${fd}`).startsWith('socket:');
      } catch {
        return false;
      }
    }).length;

  let state = seed;
  const below = (bound: number): number => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * bound);
  };
  const pick = <Item>(items: readonly Item[]): Item => items[below(items.length)];
  const before = sockets();
  const ends: Record<string, number> = {};
  let started = 0;
  let running = 0;

  const race = (): void => {
    started++;
    running++;
    const answer = Array.from({ length: 1 + below(7) }, () => pick(addresses)).map((address) => ({
      address,
      family: address.includes(':') ? 6 : 4,
    }));
    const events: string[] = [];
    const open = new Set<string>();
    let end: string | undefined;
    const fatal = pick([
      '',
      '',
      '',
      'lookup',
      'connectionAttempt',
      'connectionAttemptFailed',
      'connectionAttemptTimeout',
      'connect',
    ]);
    const controller = below(4) === 0 ? new AbortController() : undefined;

    const lookup = (
      _host: string,
      { family }: { family?: number },
      done: (error: Error | null, found?: typeof answer) => void,
    ): void => {
      const found = answer.filter((each) => !family || each.family === family);
      const reply = (): void =>
        found.length > 0 ? done(null, found) : done(new Error('no answer'));
      pick([process.nextTick, setImmediate, setTimeout] as const)(reply);
    };
    const socket = net.connect({
      host: 'lab.example',
      port,
      lookup,
      autoSelectFamilyAttemptTimeout: 10 + below(10),
      autoSelectFamilyStrategy: pick(['race', 'race', 'race', 'sequential']),
      connectConcurrency: 1 + below(4),
      firstAddressFamilyCount: 1 + below(2),
      connectTimeout: 50 + below(200),
      dualLookup: below(3) === 0,
      signal: controller?.signal,
    } as never);

    const note = (name: string, address?: string): void => {
      events.push(address === undefined ? name : `${name} ${address}`);
      const story = events.join(', ');
      assert.ok(end === undefined || name === 'close', `event after the end: ${story}`);
      if (name === 'connectionAttempt') {
        assert.ok(!open.has(address!), `started twice: ${story}`);
        open.add(address!);
      }
      if (name === 'connectionAttemptFailed') {
        assert.ok(open.delete(address!), `not started: ${story}`);
      }
      if (name === 'error' || name === 'connect') end = name;
      if (name === fatal && below(3) === 0) {
        end = 'destroyed';
        if (controller !== undefined) controller.abort();
        else socket.destroy();
      }
    };
    socket.on('lookup', () => note('lookup'));
    for (const name of [
      'connectionAttempt',
      'connectionAttemptFailed',
      'connectionAttemptTimeout',
    ]) {
      socket.on(name, (address: string) => note(name, address));
    }
    socket.on('connect', () => {
      note('connect');
      if (below(2) === 0) socket.destroy();
      else socket.end('bye').resume();
    });
    socket.on('error', (error: NodeJS.ErrnoException) => {
      if (error.name === 'AbortError') return;
      note('error');
    });
    socket.on('close', () => {
      note('close');
      assert.strictEqual(events.filter((name) => name === 'close').length, 1);
      ends[end ?? 'none'] = (ends[end ?? 'none'] ?? 0) + 1;
      running--;
      next();
    });
    if (below(8) === 0) {
      setTimeout(() => {
        end ??= 'destroyed';
        socket.destroy();
      }, below(60));
    }
    if (below(8) === 0) setTimeout(() => socket.unref().ref(), below(40));
  };

  const next = (): void => {
    while (running < 100 && started < races) race();
    if (running > 0) return;
    setImmediate(() => {
      const left = sockets() - before;
      console.log(JSON.stringify({ started, left, ends }));
    });
  };
  next();
}

needs(NetworkLab.unavailable())(
  `${RACES} random races follow the rules`,
  async () => {
    const lab = new NetworkLab({ ipv4: 6, ipv6: 6 });
    const server = await new FarServer(lab).ready();
    try {
      for (const [live, refused, dead, alsoDead, , slow] of [lab.ipv4, lab.ipv6] as [
        string,
        string,
        string,
        string,
        string,
        string,
      ][]) {
        lab.reject(refused);
        lab.drop(dead);
        lab.drop(alsoDead);
        lab.dropFirstSyn(slow);
        expect(live).toBeDefined();
      }
      const seed = Date.now() % 2 ** 31;
      const plan: Plan = {
        addresses: [...lab.ipv4, ...lab.ipv6],
        port: server.port,
        races: RACES,
        seed,
      };
      const outcome = await runChild(uvnet!, runRaces, {
        args: [plan],
        under: lab.near,
        timeoutMs: 60_000 + RACES * 50,
      });
      expect({ ...outcome, seed }).toMatchObject({ code: 0, signal: null, stderr: '' });
      const { started, left, ends } = JSON.parse(outcome.stdout) as {
        started: number;
        left: number;
        ends: Record<string, number>;
      };
      expect({ started, left, seed }).toEqual({ started: RACES, left: 0, seed });
      // How many of each depends on the load of the machine; that each had one does not.
      expect(ends).not.toHaveProperty('none');
      expect(lab.sockets('near').filter(({ state }) => state === 'SYN-SENT')).toEqual([]);
      console.info(JSON.stringify({ seed, ...ends }));
    } finally {
      await server.stop();
      lab.dispose();
    }
  },
  70_000 + RACES * 50,
);
