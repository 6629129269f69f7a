#!/usr/bin/env node
// Compiles the native code for other platforms and by other compilers, without linking: keeps their halves of
// it honest on a machine that is none of them.
import { parseArgs } from 'node:util';
import { checkJobs, missingFor } from './lib/cross-build.mjs';
import { crossTargets, lintTargets } from './lib/cross-targets.mjs';
import { CommandError, inParallel, main } from './lib/tools.mjs';

const targets = { ...crossTargets, ...lintTargets };

const help = `Usage: node scripts/compile-check.mjs [--target NAME]...

  --target NAME   ${Object.keys(targets).join(', ')};
                  may be given more than once (default: ${Object.keys(lintTargets).join(', ')})
  --help          this text

Warnings are errors, as in the builds. What has not changed since it last compiled is not compiled again.
`;

main(async () => {
  const { values } = parseArgs({
    options: {
      target: { type: 'string', multiple: true, default: Object.keys(lintTargets) },
      help: { type: 'boolean' },
    },
  });
  if (values.help) {
    console.log(help);
    return;
  }
  const unknown = values.target.find((name) => !Object.hasOwn(targets, name));
  if (unknown) throw new CommandError(`--target ${unknown}: not known here`);
  for (const name of values.target) {
    const missing = missingFor(targets[name]);
    if (missing) throw new CommandError(`${name} needs ${missing}`);
    const jobs = await checkJobs(name, targets[name]);
    const started = Date.now();
    await inParallel(jobs, (job) => job());
    const seconds = Math.round((Date.now() - started) / 1000);
    console.log(`${name}: ${jobs.length} files compiled (${seconds} s)`);
  }
});
