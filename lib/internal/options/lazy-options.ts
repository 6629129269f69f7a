import { validateInteger } from '../base/validators';
import { binding } from '../native/binding';
import { Handle } from '../native/handle';
import { optionsPart } from './part';
import { namesOption } from './option-names';
import type { OptionPlan } from './socket-options';
import type { OptionServer, OptionSocket } from './option-owners';
import {
  kAcceptedOptions,
  kOptionPlan,
  kPendingOptions,
  kServerOptions,
  kTypeOfService,
} from '../base/symbols';

/**
 * Socket options, for the many connections that have none: what has them goes on in
 * option-methods.ts, which is loaded then (see part.ts).
 */

/** OptionStage::kAny of socket_options.h. */
const ANY_STAGE = 4;

/** Whether a connect with these options takes the part that is loaded for them. */
export function plansOptions(socket: OptionSocket, options: object): boolean {
  return socket[kPendingOptions] !== undefined || namesOption(options);
}

/** Checks the options of a connect and has them set on the socket that it makes. */
export function planConnect(socket: OptionSocket, local: boolean, options: object): void {
  if (plansOptions(socket, options)) {
    optionsPart().planConnect(socket, local, options);
  } else if (socket[kOptionPlan] !== undefined) {
    // Most sockets never get the property.
    socket[kOptionPlan] = undefined;
  }
}

/** Gives a handle that is about to connect the options of its socket. */
export function setOptionsBeforeConnect(
  socket: OptionSocket,
  handle: Handle | null,
): Error | undefined {
  const plan = socket[kOptionPlan];
  return plan === undefined ? undefined : optionsPart().setOptionsBeforeConnect(plan, handle);
}

/** The error of an initial option of a handle that was refused, if that is what failed. */
export function refusal(handle: Handle | null, status: number): Error | undefined {
  if (status >= 0 || !(handle instanceof Handle)) return undefined;
  const row = binding.refusedSocketOption(handle.id);
  return row >= 0 ? optionsPart().optionError(status, 'setsockopt', row) : undefined;
}

/** Sets what could not be set before there was a connection. */
export function applyConnected(socket: OptionSocket): Error | undefined {
  if (socket[kOptionPlan] === undefined && socket[kPendingOptions] === undefined) return undefined;
  return optionsPart().applyConnected(socket);
}

/** Sets the option `typeOfService` of a socket's constructor, once it is checked. */
export function keepTypeOfService(socket: OptionSocket, value: unknown): void {
  if (value === undefined) return;
  const name = 'options.typeOfService';
  if (typeof value === 'string') {
    socket[kTypeOfService] = optionsPart().trafficClass(value, name);
  } else {
    validateInteger(value, name, 0, 255);
    socket[kTypeOfService] = value;
  }
}

/** Checks the options of a server and divides them between its sockets. */
export function planServer(server: OptionServer, local: boolean, options: object): void {
  if (server[kServerOptions] !== undefined || namesOption(options)) {
    optionsPart().planServer(server, local, options);
  } else {
    server[kOptionPlan] = server[kAcceptedOptions] = undefined;
  }
}

/** Keeps the socket options among those of `createServer`, once they are checked. */
export function keepServerOptions(server: OptionServer, options: object): void {
  if (namesOption(options)) optionsPart().keepServerOptions(server, options);
}

/** For a handle that bind() will give its socket, or that has one already. */
export function setOptionsBeforeListen(
  handle: Handle,
  plan: OptionPlan | undefined,
): Error | undefined {
  return plan === undefined ? undefined : optionsPart().setOptionsBeforeListen(handle, plan);
}

/** See option-methods.ts. */
export function setInheritedOnEach(server: OptionServer): void {
  if (server[kOptionPlan] !== undefined) optionsPart().setInheritedOnEach(server);
}

/** For a connection; what its peer may have made impossible by now does not count. */
export function applyAccepted(server: OptionServer, id: number): void {
  const settings = server[kAcceptedOptions];
  if (settings !== undefined) binding.applySocketOptions(id, ANY_STAGE, settings);
}
