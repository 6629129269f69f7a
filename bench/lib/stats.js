'use strict';
/*
 * The statistics of the benchmark. CommonJS, unlike its neighbours, so that jest loads it as it is.
 */

/** The quantile `q` (0 to 1) of the values, interpolated between ranks. */
function quantile(values, q) {
  if (values.length === 0) return NaN;
  const sorted = [...values].sort((a, b) => a - b);
  const rank = (sorted.length - 1) * q;
  const low = Math.floor(rank);
  const high = Math.ceil(rank);
  return sorted[low] + (sorted[high] - sorted[low]) * (rank - low);
}

function median(values) {
  return quantile(values, 0.5);
}

/**
 * A small seeded random generator (mulberry32): the same measurements always give the same
 * interval.
 */
function seededRandom(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/**
 * The bootstrapped interval of the median: how much the median varies if the values are resampled.
 * With fewer than five values it is the whole range, because resampling so few adds no information.
 */
function medianInterval(values, { confidence = 0.95, resamples = 2000, seed = 1 } = {}) {
  if (values.length === 0) return { low: NaN, high: NaN };
  if (values.length < 5) return { low: Math.min(...values), high: Math.max(...values) };
  const random = seededRandom(seed);
  const medians = [];
  for (let i = 0; i < resamples; i += 1) {
    const drawn = values.map(() => values[Math.floor(random() * values.length)]);
    medians.push(median(drawn));
  }
  const tail = (1 - confidence) / 2;
  return { low: quantile(medians, tail), high: quantile(medians, 1 - tail) };
}

/** Median, its interval, and the extremes. */
function summarize(values) {
  const finite = values.filter(Number.isFinite);
  return {
    count: finite.length,
    median: median(finite),
    ...medianInterval(finite),
    min: finite.length === 0 ? NaN : Math.min(...finite),
    max: finite.length === 0 ? NaN : Math.max(...finite),
  };
}

/**
 * Ratios of two series that were measured alternately, pair by pair. A disturbance of the whole
 * machine slows both halves of a pair, and does not change the ratio. A pair with a missing half is
 * ignored.
 */
function pairedRatios(values, baseline) {
  const ratios = [];
  for (let i = 0; i < Math.min(values.length, baseline.length); i += 1) {
    const ratio = values[i] / baseline[i];
    if (Number.isFinite(ratio)) ratios.push(ratio);
  }
  return ratios;
}

module.exports = { quantile, median, seededRandom, medianInterval, summarize, pairedRatios };
