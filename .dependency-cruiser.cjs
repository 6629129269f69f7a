// The layers of lib/: each folder may import only folders above it in this list. A subfolder is a
// layer of its own.
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
  'types',
  'lean/memory',
  'lean/options',
  'lean/connection',
  'lean',
  'front',
  'promises',
  'fallback',
  '.',
  'register/patches',
  'register',
];

/** A dot means the files directly in lib/. */
const filesOf = (layer) => (layer === '.' ? '^lib/[^/]+$' : `^lib/${layer}/[^/]+$`);

module.exports = {
  forbidden: [
    ...layers.map((layer, index) => ({
      name: `upwards-from-${layer === '.' ? 'lib' : layer.replace('internal/', '')}`,
      comment: `${layer} may import only what stands above it in the list of layers`,
      severity: 'error',
      from: { path: filesOf(layer) },
      to: { path: '^lib/', pathNot: layers.slice(0, index + 1).map(filesOf) },
    })),
    {
      name: 'no-layer',
      comment: 'a folder of lib/ has a place in the list of layers',
      severity: 'error',
      from: {},
      to: { path: '^lib/', pathNot: layers.map(filesOf) },
    },
    {
      name: 'circle',
      comment: 'files that import each other, be it for types only, cannot be read one by one',
      severity: 'error',
      from: { path: '^lib/' },
      to: { circular: true },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsConfig: { fileName: 'tsconfig.json' },
    // Type imports count too.
    tsPreCompilationDeps: true,
  },
};
