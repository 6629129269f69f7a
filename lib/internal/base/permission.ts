import { channel } from 'node:diagnostics_channel';
import { netModule } from './builtins';
import { genericNodeError } from './errors';
import { deniedConnect } from './system-errors';

/**
 * Node's permission model (`node --permission`). It covers the network from Node 25 on, and
 * `--allow-net` grants access. Node checks it in its handles, at bind(2) and connect(2), and so
 * does uvnet.
 */

type Denial = Error & { code: string; permission: string; resource: string };

const { permission } = process as { permission?: { has(scope: string): boolean } };
/** Older versions do not have this scope, and report it as not granted. */
const isCovered =
  permission !== undefined && process.allowedNodeEnvironmentFlags.has('--allow-net');
let enforced: boolean | undefined;

/**
 * With `--permission-audit`, nothing is granted, but nothing is denied either. Node can tell the
 * difference.
 */
function isEnforced(): boolean {
  const { _createServerHandle: bind } = netModule() as ReturnType<typeof netModule> & {
    _createServerHandle(address: string, port: number, family: number): { close(): void } | number;
  };
  try {
    const handle = bind('127.0.0.1', 0, 4);
    if (typeof handle === 'object') handle.close();
    return false;
  } catch (error) {
    return (error as Partial<Denial>).code === 'ERR_ACCESS_DENIED';
  }
}

/**
 * Returns the error if the network must not be used, or undefined if it may.
 *
 * @param resource - the target of the connect or bind, as the error names it
 * @param isAudited - the audit was informed already
 */
export function denialOf(resource: string, isAudited = false): Denial | undefined {
  if (!isCovered || permission.has('net')) return undefined;
  enforced ??= isEnforced();
  if (!enforced) {
    if (isAudited) return undefined;
    channel('node:permission-model:net').publish({ permission: 'Net', resource });
    return undefined;
  }
  const message = 'Access to this API has been restricted. Use --allow-net to manage permissions.';
  return genericNodeError(message, { code: 'ERR_ACCESS_DENIED', permission: 'Net', resource });
}

/** Returns the error of a forbidden connect, or undefined if it is allowed. */
export function connectDenial(address: string, port?: number): Error | undefined {
  const denial = denialOf(address);
  return denial && deniedConnect(denial, address, port);
}
