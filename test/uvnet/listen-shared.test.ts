import * as net from 'uvnet';

import { nextEvent } from '../helpers/events';
import type { Net } from '../helpers/implementations';
import { onLinux } from '../helpers/platforms';
import { Scope } from '../helpers/scope';

/** Servers that listen on the handle of another server, with features of uvnet. */

const scope = new Scope(net as unknown as Net);
afterEach(() => scope.dispose());

onLinux('an option that is refused to the second server leaves the first its handle', async () => {
  const first = await scope.listen(scope.server());
  const second = scope.server();
  const { _handle } = first as unknown as { _handle: object };
  second.listen({ handle: _handle, bindToDevice: 'nosuch0' } as never);
  const [error] = await nextEvent(second, 'error');
  expect(error).toMatchObject({ code: 'ENODEV', syscall: 'setsockopt' });
  expect(second.listening).toBe(false);

  const { peer } = await scope.join(first);
  expect((peer as unknown as { server: unknown }).server).toBe(first);
  await scope.listen(second);
});
