// For cases about behaviour that only uvnet has.
import { implementations, type Implementation } from './implementations';
import { Scope } from './scope';

export type Uvnet = typeof import('../../lib/index');

export interface UvnetContext extends Omit<Implementation, 'net'> {
  net: Uvnet;
  scope: Scope;
}

/** `describe` for uvnet alone. */
export function describeUvnet(topic: string, body: (context: UvnetContext) => void): void {
  const implementation = implementations.find(({ isUvnet }) => isUvnet);
  if (implementation === undefined) throw new Error('uvnet is not there');
  describe(topic, () => {
    const scope = new Scope(implementation.net);
    afterEach(() => scope.dispose());
    body({ ...implementation, net: implementation.net as unknown as Uvnet, scope });
  });
}
