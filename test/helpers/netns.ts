// Two network namespaces joined by a virtual cable, with a real kernel at both ends. The far one
// has any number of addresses, and a firewall that can make each of them unreachable in different
// ways. Linux and root only: see `NetworkLab.unavailable()`.
import { execFileSync } from 'node:child_process';

export interface LabOptions {
  /** How many addresses of each family the far end has. */
  ipv4?: number;
  ipv6?: number;
}

/** A TCP connection or listener as the kernel of one namespace sees it. */
export interface KernelSocket {
  state: string;
  local: string;
  peer: string;
}

let labs = 0;

function run(command: string, ...args: string[]): string {
  return execFileSync(command, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
}

export class NetworkLab {
  /** Addresses of the far end, all reachable until a rule says otherwise. */
  readonly ipv4: string[] = [];
  readonly ipv6: string[] = [];
  /** The near end's own addresses. */
  readonly nearIpv4 = '10.77.0.254';
  readonly nearIpv6 = 'fd77::fe';
  /** The prefix that runs a command at the near end (clients) or the far end (servers). */
  readonly near: string[];
  readonly far: string[];

  private readonly nearName: string;
  private readonly farName: string;

  /** The reason if this machine cannot have a lab. */
  static unavailable(): string | undefined {
    if (process.platform !== 'linux') return 'network namespaces are a Linux thing';
    if (process.getuid?.() !== 0) return 'root, to make network namespaces';
    try {
      run('nft', '--version');
      run('ip', '-Version');
      // Root in a container may not have the permission.
      run(
        'unshare',
        '--net',
        'ip',
        'link',
        'add',
        'uvnet0',
        'type',
        'veth',
        'peer',
        'name',
        'uvnet1',
      );
    } catch (error) {
      const { message, stderr } = error as Error & { stderr?: string };
      return `cannot make network namespaces: ${stderr?.trim() || message}`;
    }
    return undefined;
  }

  constructor({ ipv4 = 0, ipv6 = 0 }: LabOptions) {
    const name = `uvnet-${process.pid}-${++labs}`;
    this.nearName = `${name}-near`;
    this.farName = `${name}-far`;
    this.near = ['nsenter', `--net=/run/netns/${this.nearName}`];
    this.far = ['nsenter', `--net=/run/netns/${this.farName}`];
    try {
      this.build(ipv4, ipv6);
    } catch (error) {
      this.dispose();
      throw error;
    }
  }

  private build(ipv4: number, ipv6: number): void {
    run('ip', 'netns', 'add', this.nearName);
    run('ip', 'netns', 'add', this.farName);
    run(
      'ip',
      'link',
      'add',
      'cable',
      'netns',
      this.nearName,
      'type',
      'veth',
      'peer',
      'name',
      'cable',
      'netns',
      this.farName,
    );
    for (const end of [this.near, this.far]) {
      // Duplicate address detection would keep new IPv6 addresses from being used for a second.
      this.exec(
        end,
        'sysctl',
        '-qw',
        'net.ipv6.conf.all.accept_dad=0',
        'net.ipv6.conf.cable.accept_dad=0',
      );
      this.exec(end, 'ip', 'link', 'set', 'lo', 'up');
      this.exec(end, 'ip', 'link', 'set', 'cable', 'up');
    }
    this.exec(this.near, 'ip', 'address', 'add', `${this.nearIpv4}/24`, 'dev', 'cable');
    this.exec(this.near, 'ip', 'address', 'add', `${this.nearIpv6}/64`, 'dev', 'cable', 'nodad');
    for (let i = 1; i <= ipv4; i++) {
      this.ipv4.push(`10.77.0.${i}`);
      this.exec(this.far, 'ip', 'address', 'add', `10.77.0.${i}/24`, 'dev', 'cable');
    }
    for (let i = 1; i <= ipv6; i++) {
      this.ipv6.push(`fd77::${i}`);
      this.exec(this.far, 'ip', 'address', 'add', `fd77::${i}/64`, 'dev', 'cable', 'nodad');
    }
    this.nft(
      'add table inet lab',
      'add chain inet lab incoming { type filter hook input priority 0 ; }',
      'add set inet lab seen4 { type ipv4_addr . inet_service ; flags dynamic ; size 65535 ; }',
      'add set inet lab seen6 { type ipv6_addr . inet_service ; flags dynamic ; size 65535 ; }',
    );
  }

  /** Drops all packets to `address`: a black hole. */
  drop(address: string): void {
    this.rule(address, 'meta l4proto tcp drop');
  }

  /** Makes a firewall reply for `address`: with a TCP reset, or "administratively prohibited". */
  reject(address: string, how: 'reset' | 'prohibited' = 'reset'): void {
    const answer = how === 'reset' ? 'tcp reset' : 'icmpx type admin-prohibited';
    this.rule(address, `meta l4proto tcp reject with ${answer}`);
  }

  /**
   * The first SYN of each connection to `address` is lost; its retransmission, which Linux sends after
   * one second, passes: a route that answers after a second.
   */
  dropFirstSyn(address: string): void {
    const [family, set] = address.includes(':') ? ['ip6', 'seen6'] : ['ip', 'seen4'];
    const who = `${family} saddr . tcp sport`;
    this.rule(address, `tcp flags syn / syn,ack ${who} != @${set} add @${set} { ${who} } drop`);
  }

  /** Removes all rules. */
  reset(): void {
    this.nft(
      'flush chain inet lab incoming',
      'flush set inet lab seen4',
      'flush set inet lab seen6',
    );
  }

  /** Changes a kernel setting of the near end, for example `net.ipv4.tcp_syn_retries`. */
  setNear(name: string, value: number): void {
    this.exec(this.near, 'sysctl', '-qw', `${name}=${value}`);
  }

  /** The TCP sockets of one end, listeners and those waiting out their last minute left out. */
  sockets(end: 'near' | 'far'): KernelSocket[] {
    const lines = this.exec(this[end], 'ss', '-Htan').split('\n').filter(Boolean);
    return lines
      .map((line) => {
        const [state = '', , , local = '', peer = ''] = line.trim().split(/\s+/);
        return { state, local, peer };
      })
      .filter(({ state }) => state !== 'LISTEN' && state !== 'TIME-WAIT');
  }

  dispose(): void {
    for (const name of [this.nearName, this.farName]) {
      try {
        run('ip', 'netns', 'delete', name);
      } catch {
        // It does not exist.
      }
    }
  }

  private rule(address: string, rule: string): void {
    const family = address.includes(':') ? 'ip6' : 'ip';
    this.nft(`add rule inet lab incoming ${family} daddr ${address} ${rule}`);
  }

  private nft(...commands: string[]): void {
    this.exec(this.far, 'nft', commands.join('\n'));
  }

  private exec([prefix = '', ...rest]: string[], ...command: string[]): string {
    return run(prefix, ...rest, ...command);
  }
}
