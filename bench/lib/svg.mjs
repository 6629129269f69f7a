/* The chart of a report as a picture of its own, for pages that show no HTML. */
import { chart, scaleEnd } from './chart.mjs';

const STYLE = `
svg { background: #fcfcfb; font: 12px system-ui, sans-serif }
text { fill: #1b1b1a } .label { text-anchor: end } .tick { fill: #62615c; text-anchor: middle }
.value { fill: #62615c } .grid { stroke: #dfded9 } .one { stroke: #1b1b1a; stroke-width: 1.5 }
.whisker { stroke: #1b1b1a; stroke-width: 1.2 } .target { stroke: #c22f3d; stroke-width: 2.5 }
.s-impl .bar { fill: #2a78d6 } .s-floor .bar { fill: #8a8983 }
.s-bun-net .bar { fill: #d9822b } .s-bun-listen .bar { fill: #1f8f6b }
`;

export function formatSvg({ results }) {
  const picture = chart(results, scaleEnd(results));
  const head = '<svg xmlns="http://www.w3.org/2000/svg" ';
  return `${picture.replace('<svg ', head).replace('>', `><style>${STYLE}</style>`)}\n`;
}
