/* One bar chart in SVG: ratios to the baseline, with their intervals. */

const LABEL_WIDTH = 270;
const PLOT_WIDTH = 400;
const VALUE_WIDTH = 190;
const BAR = 12;
const GAP = 3;
const ROW_GAP = 16;
const AXIS = 26;

const ESCAPES = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };

export function escapeHtml(text) {
  return String(text).replace(/[&<>"]/g, (character) => ESCAPES[character]);
}

/**
 * The results that a chart can show. If the target is an absolute value, the ratio has no meaning.
 */
function charted(results) {
  return results.filter(
    ({ subjects, limit }) => limit === undefined && subjects.some(({ ratio }) => ratio),
  );
}

/**
 * The end of the scale, which is the same for all charts of a report. It is past the baseline, but
 * one bad value does not stretch it. Longer bars are cut off with an arrow, next to their value.
 */
export function scaleEnd(results) {
  const medians = charted(results).flatMap(({ subjects }) =>
    subjects.map(({ ratio }) => ratio?.median ?? 0),
  );
  return Math.min(2, Math.max(1.2, Math.ceil(Math.max(0, ...medians) * 5) / 5));
}

function ticks(end) {
  const marks = [];
  for (let mark = 0; mark <= end + 1e-9; mark += end > 1.4 ? 0.5 : 0.2) marks.push(mark);
  return marks;
}

function bar(subject, unit, y, x, end) {
  const { id, label, ratio, value } = subject;
  const middle = y + BAR / 2;
  const text = `${ratio.median.toFixed(2)}  [${ratio.low.toFixed(2)}, ${ratio.high.toFixed(2)}]`;
  const cut = ratio.median > end ? '\u2192 ' : '';
  const title = `${label}: ${text}, ${value.median.toPrecision(3)} ${unit}, ${ratio.count} pairs`;
  return [
    `<g class="s-${id}"><title>${escapeHtml(title)}</title>`,
    `<rect class="bar" x="${x(0)}" y="${y}" width="${x(ratio.median) - x(0)}" height="${BAR}" rx="2"/>`,
    `<line class="whisker" x1="${x(ratio.low)}" x2="${x(ratio.high)}" y1="${middle}" y2="${middle}"/>`,
    `<line class="whisker" x1="${x(ratio.low)}" x2="${x(ratio.low)}" y1="${y + 2}" y2="${y + BAR - 2}"/>`,
    `<line class="whisker" x1="${x(ratio.high)}" x2="${x(ratio.high)}" y1="${y + 2}" y2="${y + BAR - 2}"/>`,
    `<text class="value" x="${LABEL_WIDTH + PLOT_WIDTH + 12}" y="${y + BAR - 2}">${cut}${text}</text></g>`,
  ].join('');
}

/** Draws some results on a scale up to `end`. It is empty if there is nothing to compare. */
export function chart(allResults, end) {
  const results = charted(allResults);
  if (results.length === 0) return '';
  const x = (ratio) => LABEL_WIDTH + (Math.min(ratio, end) / end) * PLOT_WIDTH;
  const shapes = [];
  let y = 6;
  for (const result of results) {
    const measured = result.subjects.filter(({ ratio }) => ratio);
    const height = measured.length * (BAR + GAP) - GAP;
    shapes.push(
      `<text class="label" x="${LABEL_WIDTH - 12}" y="${y + height / 2 + 4}">${escapeHtml(result.title)}</text>`,
    );
    measured.forEach((subject, i) => {
      const top = y + i * (BAR + GAP);
      shapes.push(bar(subject, result.unit, top, x, end));
      if (subject.id === 'impl' && result.target !== undefined) {
        const at = x(result.target);
        shapes.push(
          `<line class="target" x1="${at}" x2="${at}" y1="${top - 2}" y2="${top + BAR + 2}">` +
            `<title>target ${result.target}</title></line>`,
        );
      }
    });
    y += height + ROW_GAP;
  }
  const bottom = y - ROW_GAP + 8;
  const axis = ticks(end).map(
    (mark) =>
      `<line class="grid" x1="${x(mark)}" x2="${x(mark)}" y1="0" y2="${bottom}"/>` +
      `<text class="tick" x="${x(mark)}" y="${bottom + 16}">${mark.toFixed(1)}</text>`,
  );
  const one = `<line class="one" x1="${x(1)}" x2="${x(1)}" y1="0" y2="${bottom}"/>`;
  const width = LABEL_WIDTH + PLOT_WIDTH + VALUE_WIDTH;
  return (
    `<svg viewBox="0 0 ${width} ${bottom + AXIS}" role="img" ` +
    `aria-label="CPU time relative to the baseline">${axis.join('')}${shapes.join('')}${one}</svg>`
  );
}
