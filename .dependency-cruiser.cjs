// Which folder of lib/ may import which: those above it in this list, and none below.
'use strict';

const layers = [
  'internal/base',
  'internal/native',
  'internal/options',
  'internal/proxy',
  'internal/block-list',
  'internal/socket',
  'internal/connect',
  'internal/transfer',
  'internal/relay',
  'internal/listen',
];

const inside = (folders) => `^lib/(${folders.join('|')})/`;

module.exports = {
  forbidden: [
    ...layers.map((layer, index) => ({
      name: `upwards-from-${layer.replace('internal/', '')}`,
      comment: `${layer} may import only what stands above it in the list of layers`,
      severity: 'error',
      from: { path: inside([layer]) },
      to: { path: '^lib/', pathNot: inside(layers.slice(0, index + 1)) },
    })),
    {
      name: 'circle',
      comment: 'files that import each other, be it for types only, cannot be read one by one',
      severity: 'error',
      from: { path: inside(layers) },
      to: { circular: true },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsConfig: { fileName: 'tsconfig.json' },
    // Types count.
    tsPreCompilationDeps: true,
  },
};
