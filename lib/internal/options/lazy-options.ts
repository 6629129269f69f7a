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
 * Entry points of socket options for all connections. Most connections have no socket options. For
 * the others, these functions call option-methods.ts, which is loaded at that time (see part.ts).
 */

/** OptionStage::kAny in socket_options.h. */
const ANY_STAGE = 4;

/** Whether a connect with these options needs option-methods.ts. */
export function plansOptions(socket: OptionSocket, options: object): boolean {
  return socket[kPendingOptions] !== undefined || namesOption(options);
}

/** Checks the options of a connect, which are then set on its new socket. */
export function planConnect(socket: OptionSocket, local: boolean, options: object): void {
  if (plansOptions(socket, options)) {
    optionsPart().planConnect(socket, local, options);
  } else if (socket[kOptionPlan] !== undefined) {
    // Most sockets never get the property.
    socket[kOptionPlan] = undefined;
  }
}

/** Sets the options of a socket on its handle before it connects. */
export function setOptionsBeforeConnect(
  socket: OptionSocket,
  handle: Handle | null,
): Error | undefined {
  const plan = socket[kOptionPlan];
  return plan === undefined ? undefined : optionsPart().setOptionsBeforeConnect(plan, handle);
}

/** Returns the error if the system refused an initial option of the handle. */
export function refusal(handle: Handle | null, status: number): Error | undefined {
  if (status >= 0 || !(handle instanceof Handle)) return undefined;
  const row = binding.refusedSocketOption(handle.id);
  return row >= 0 ? optionsPart().optionError(status, 'setsockopt', row) : undefined;
}

/** Sets the options that need a connection. */
export function applyConnected(socket: OptionSocket): Error | undefined {
  if (socket[kOptionPlan] === undefined && socket[kPendingOptions] === undefined) return undefined;
  return optionsPart().applyConnected(socket);
}

/** Checks and keeps the option `typeOfService` of a socket's constructor. */
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

/**
 * Checks the options of a server and divides them between its listening socket and its connections.
 */
export function planServer(server: OptionServer, local: boolean, options: object): void {
  if (server[kServerOptions] !== undefined || namesOption(options)) {
    optionsPart().planServer(server, local, options);
  } else {
    server[kOptionPlan] = server[kAcceptedOptions] = undefined;
  }
}

/** Checks and keeps the socket options among the options of `createServer`. */
export function keepServerOptions(server: OptionServer, options: object): void {
  if (namesOption(options)) optionsPart().keepServerOptions(server, options);
}

/** Sets the options of a handle before bind() creates its socket, or on its existing socket. */
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

/**
 * Sets the options of an accepted connection. Failures that the peer may have caused are ignored.
 */
export function applyAccepted(server: OptionServer, id: number): void {
  const settings = server[kAcceptedOptions];
  if (settings !== undefined) binding.applySocketOptions(id, ANY_STAGE, settings);
}

/** The same for a descriptor that is not a handle of uvnet. */
export function applyAcceptedTo(server: OptionServer, fd: number): void {
  const settings = server[kAcceptedOptions];
  if (settings !== undefined) binding.applyDescriptorOptions(fd, ANY_STAGE, settings);
}
