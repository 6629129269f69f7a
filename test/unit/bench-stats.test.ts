type Interval = { low: number; high: number };
type Summary = Interval & { count: number; median: number; min: number; max: number };

const stats = jest.requireActual<{
  quantile(values: number[], q: number): number;
  median(values: number[]): number;
  seededRandom(seed: number): () => number;
  medianInterval(values: number[], options?: object): Interval;
  summarize(values: number[]): Summary;
  pairedRatios(values: number[], baseline: number[]): number[];
}>('../../bench/lib/stats.js');

describe('quantile and median', () => {
  test('do not depend on the order, and leave their input alone', () => {
    const values = [5, 1, 4, 2, 3];
    expect(stats.median(values)).toBe(3);
    expect(values).toEqual([5, 1, 4, 2, 3]);
  });

  test('compare as numbers, not as text', () => {
    expect(stats.median([10, 9, 100])).toBe(10);
  });

  test('interpolate between ranks', () => {
    expect(stats.median([1, 2, 3, 10])).toBe(2.5);
    expect(stats.quantile([0, 10], 0.25)).toBe(2.5);
  });

  test('reach the extremes, and a single value is every quantile', () => {
    expect(stats.quantile([3, 1, 2], 0)).toBe(1);
    expect(stats.quantile([3, 1, 2], 1)).toBe(3);
    expect(stats.quantile([7], 0.99)).toBe(7);
  });

  test('are NaN for an empty list', () => {
    expect(stats.median([])).toBeNaN();
  });
});

describe('seededRandom', () => {
  test('repeats itself for one seed and differs for another', () => {
    const draw = (seed: number): number[] => {
      const random = stats.seededRandom(seed);
      return Array.from({ length: 8 }, () => random());
    };
    expect(draw(1)).toEqual(draw(1));
    expect(draw(1)).not.toEqual(draw(2));
  });

  test('is spread evenly over [0, 1)', () => {
    const random = stats.seededRandom(42);
    const counts = new Array<number>(10).fill(0);
    for (let i = 0; i < 10_000; i += 1) {
      const value = random();
      expect(value).toBeGreaterThanOrEqual(0);
      expect(value).toBeLessThan(1);
      counts[Math.floor(value * 10)] += 1;
    }
    for (const count of counts) expect(Math.abs(count - 1000)).toBeLessThan(150);
  });
});

describe('medianInterval', () => {
  const noisy = [0.8, 0.82, 0.79, 0.81, 0.83, 0.8, 1.6];

  test('contains the median and stays within the extremes', () => {
    const { low, high } = stats.medianInterval(noisy);
    expect(low).toBeLessThanOrEqual(0.81);
    expect(high).toBeGreaterThanOrEqual(0.81);
    expect(low).toBeGreaterThanOrEqual(0.79);
  });

  test('is not stretched by a single outlier', () => {
    expect(stats.medianInterval(noisy).high).toBeLessThan(1);
  });

  test('is the same every time', () => {
    expect(stats.medianInterval(noisy)).toEqual(stats.medianInterval(noisy));
  });

  test('is the whole range if there are few values', () => {
    expect(stats.medianInterval([0.9, 0.7, 0.8])).toEqual({ low: 0.7, high: 0.9 });
  });

  test('is a point if all values agree', () => {
    expect(stats.medianInterval([2, 2, 2, 2, 2, 2])).toEqual({ low: 2, high: 2 });
  });

  test('covers the true median about as often as it says', () => {
    const random = stats.seededRandom(7);
    let covered = 0;
    for (let i = 0; i < 200; i += 1) {
      const values = Array.from({ length: 11 }, () => random());
      const { low, high } = stats.medianInterval(values, { resamples: 400 });
      if (low <= 0.5 && high >= 0.5) covered += 1;
    }
    expect(covered / 200).toBeGreaterThan(0.88);
  });
});

describe('summarize', () => {
  test('ignores runs without a value', () => {
    const summary = stats.summarize([3, NaN, 1, 2]);
    expect(summary).toEqual({ count: 3, median: 2, low: 1, high: 3, min: 1, max: 3 });
  });

  test('has no figures for an empty list', () => {
    const { count, median, min, max } = stats.summarize([]);
    expect(count).toBe(0);
    expect([median, min, max]).toEqual([NaN, NaN, NaN]);
  });
});

describe('pairedRatios', () => {
  test('divides within a pair, so that a slow phase of the machine cancels out', () => {
    expect(stats.pairedRatios([8, 16, 8], [10, 20, 10])).toEqual([0.8, 0.8, 0.8]);
  });

  test('leaves out pairs with a missing half', () => {
    expect(stats.pairedRatios([NaN, 6, 5], [10, 12, NaN])).toEqual([0.5]);
    expect(stats.pairedRatios([1, 2, 3], [2])).toEqual([0.5]);
  });
});
