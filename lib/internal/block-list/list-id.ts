import type { BlockList } from 'node:net';
import { netModule } from '../base/builtins';
import { kListId } from '../base/symbols';
import { isNodeObject } from '../base/node-object';

/** Functions for servers and sockets that get a block list. They do not load the class. */

/** Whether the value is a BlockList, of uvnet or of node:net. */
export const isBlockList: (value: unknown) => value is BlockList = isNodeObject(
  () => new (netModule().BlockList)(),
) as (value: unknown) => value is BlockList;

/** The native id of the list; -1 if the list or its rules are Node's. */
export const listIdOf = (list: BlockList): number =>
  (list as { [kListId]?: number | undefined })[kListId] ?? -1;
