/* Runs the workloads in interleaved rounds and summarizes the results. */
import { isSliced, measure, open, withChildren } from './measure.mjs';
import { pairedRatios, summarize } from './stats.js';

/** Median and spread of a number that `pick` finds in the runs; undefined if there is none. */
function summarizeField(runs, pick) {
  const values = runs.map((run) => pick(run)).filter((value) => Number.isFinite(value));
  return values.length === 0 ? undefined : summarize(values);
}

function summarizeSubject(subject, workload, runs, baselineRuns) {
  const values = (list) => list.map((run) => run.value ?? NaN);
  const ratios = subject.id === 'baseline' ? [] : pairedRatios(values(runs), values(baselineRuns));
  return {
    id: subject.id,
    label: subject.labelFor(workload),
    errors: runs.filter((run) => run.error).map((run) => run.error),
    value: summarizeField(runs, (run) => run.value),
    ratio: ratios.length === 0 ? undefined : summarize(ratios),
    perSecond: summarizeField(runs, (run) => run.perSecond),
    p50: summarizeField(runs, (run) => run.latencyUs?.p50),
    p99: summarizeField(runs, (run) => run.latencyUs?.p99),
    serverBusy: summarizeField(runs, (run) => run.serverBusy),
    serverWait: summarizeField(runs, (run) => run.serverWait),
    loadBusy: summarizeField(runs, (run) => run.loadBusy),
    runs,
  };
}

/**
 * A round of a sliced workload. All subjects are started. They work in turns, A B A B ..., one
 * short slice each while the others are idle: first as a warm-up, and then for the measurement. A
 * disturbance that lasts longer than a slice slows all of them alike.
 */
function runSlicedRound(workload, subjects, settings, progress, round) {
  return withChildren(async (start) => {
    const runs = new Map();
    const active = new Map();
    const guarded = async (subject, step) => {
      try {
        return await step();
      } catch (error) {
        active.delete(subject);
        runs.set(subject, { error: error.message });
        return undefined;
      }
    };
    for (const subject of subjects) {
      progress.step({ workload, subject, round, pairs: settings.pairs });
      const opened = await guarded(subject, () =>
        open(subject.variant(workload), subject, settings, start),
      );
      if (opened) active.set(subject, opened);
    }
    const atLeast = (workload.warmup ?? 0) * (settings.quick ? 0.5 : 1);
    const warmupSlices = Math.max(settings.warmupSlices, Math.round(atLeast / settings.slice));
    for (let i = 0; i < warmupSlices + settings.slices; i += 1) {
      const kind = i < warmupSlices ? 'warm' : 'go';
      for (const [subject, { slice }] of [...active]) await guarded(subject, () => slice(kind));
    }
    for (const [subject, { finish }] of [...active]) {
      const run = await guarded(subject, finish);
      if (run) runs.set(subject, run);
    }
    return runs;
  });
}

/** A round of a workload that cannot be cut into slices: one subject after the other, A B. */
async function runWholeRound(workload, subjects, settings, progress, round) {
  const runs = new Map();
  for (const subject of subjects) {
    progress.step({ workload, subject, round, pairs: settings.pairs });
    try {
      runs.set(subject, await measure(subject.variant(workload), subject, settings));
    } catch (error) {
      runs.set(subject, { error: error.message });
    }
  }
  return runs;
}

/**
 * Measures one workload, in rounds of fresh processes. A failed run is recorded, and the other runs
 * continue.
 */
async function runWorkload(workload, subjects, settings, progress) {
  const present = subjects.filter((subject) => subject.runs(workload));
  const runs = new Map(present.map((subject) => [subject, []]));
  const runRound = isSliced(workload) ? runSlicedRound : runWholeRound;
  for (let round = 0; round < settings.pairs; round += 1) {
    const seen = await runRound(workload, present, settings, progress, round);
    for (const subject of present) {
      const run = seen.get(subject);
      runs.get(subject).push(run);
      progress.done({ workload, subject, run });
    }
  }
  const baselineRuns = runs.get(present[0]);
  const { id, title, group, unit, target, limit, load } = workload;
  return {
    id,
    title,
    group,
    unit,
    target,
    limit,
    load,
    subjects: present.map((subject) =>
      summarizeSubject(subject, workload, runs.get(subject), baselineRuns),
    ),
  };
}

/** Measures all workloads. `onWorkload` gets each result when it is ready. */
export async function runWorkloads(workloads, subjects, settings, progress, onWorkload) {
  const results = [];
  for (const workload of workloads) {
    const result = await runWorkload(workload, subjects, settings, progress);
    results.push(result);
    onWorkload(result);
  }
  return results;
}
