/* Runs the workloads in interleaved rounds and sums up what was seen. */
import { measure } from './measure.mjs';
import { pairedRatios, summarize } from './stats.js';

/** Median and spread of a number found in the runs under `pick`; undefined where it is not. */
function summarizeField(runs, pick) {
  const values = runs.map((run) => pick(run)).filter((value) => Number.isFinite(value));
  return values.length === 0 ? undefined : summarize(values);
}

function summarizeSubject(subject, runs, baselineRuns) {
  const values = (list) => list.map((run) => run.value ?? NaN);
  const ratios = subject.id === 'baseline' ? [] : pairedRatios(values(runs), values(baselineRuns));
  return {
    id: subject.id,
    label: subject.label,
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
 * Measures one workload: in each round every subject once, in the same order (A B A B ...), each
 * time in a fresh process. A failed run is recorded and the round goes on.
 */
async function runWorkload(workload, subjects, settings, progress) {
  const present = subjects.filter(
    (subject) =>
      subject.runs(workload) && (workload.measure !== 'startup' || subject.startup !== undefined),
  );
  const runs = new Map(present.map((subject) => [subject, []]));
  for (let round = 0; round < settings.pairs; round += 1) {
    for (const subject of present) {
      progress.step({ workload, subject, round, pairs: settings.pairs });
      let run;
      try {
        run = await measure(workload, subject, settings);
      } catch (error) {
        run = { error: error.message };
      }
      runs.get(subject).push(run);
      progress.done({ workload, subject, run });
    }
  }
  const baselineRuns = runs.get(present[0]);
  const { id, title, group, unit, target, load } = workload;
  return {
    id,
    title,
    group,
    unit,
    target,
    load,
    subjects: present.map((subject) =>
      summarizeSubject(subject, runs.get(subject), baselineRuns),
    ),
  };
}

/** Measures all of them; `onWorkload` is told each result as it is ready. */
export async function runWorkloads(workloads, subjects, settings, progress, onWorkload) {
  const results = [];
  for (const workload of workloads) {
    const result = await runWorkload(workload, subjects, settings, progress);
    results.push(result);
    onWorkload(result);
  }
  return results;
}
