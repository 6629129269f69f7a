#!/usr/bin/env node
// Compiles the native code for other platforms without linking, so that their code stays correct on
// a machine of another platform.
import { parseArgs } from 'node:util';
import { checkJobs, missingFor } from './lib/cross-build.mjs';
import { crossTargets } from './lib/cross-targets.mjs';
import { CommandError, inParallel, main } from './lib/tools.mjs';

const help = `Usage: node scripts/compile-check.mjs [--target NAME]...

  --target NAME   ${Object.keys(crossTargets).join(', ')}; may be given more than once (default: all)
  --help          this text
`;

main(async () => {
  const { values } = parseArgs({
    options: {
      target: { type: 'string', multiple: true, default: Object.keys(crossTargets) },
      help: { type: 'boolean' },
    },
  });
  if (values.help) {
    console.log(help);
    return;
  }
  for (const name of values.target) {
    if (!Object.hasOwn(crossTargets, name)) {
      throw new CommandError(`--target ${name}: not a target on this system`);
    }
    const target = crossTargets[name];
    const missing = missingFor(target);
    if (missing) throw new CommandError(`${name} needs ${missing}`);
    await inParallel(await checkJobs(target), (run) => run());
  }
});
