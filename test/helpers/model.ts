// Divides the work of the models in test/model into tests.
//
// UVNET_MODEL_STEPS: number of steps (the nightly run takes a million); UVNET_MODEL_SEED: the first
// seed.
export interface ModelSize {
  /** The default if the environment does not set it. */
  steps: number;
  stepsOfOne: number;
  /**
   * How many seeds make one test. A test takes a small part of its time limit, however many tests
   * there are.
   */
  onesOfTest: number;
}

/** The seeds of each test: from `first` to `last`, both included. */
export function modelTests(size: ModelSize): { first: number; last: number }[] {
  const { stepsOfOne, onesOfTest } = size;
  const seed = Number(process.env['UVNET_MODEL_SEED'] ?? 1);
  const ones = Math.ceil(Number(process.env['UVNET_MODEL_STEPS'] ?? size.steps) / stepsOfOne);
  return Array.from({ length: Math.ceil(ones / onesOfTest) }, (_, test) => ({
    first: seed + test * onesOfTest,
    last: seed + Math.min((test + 1) * onesOfTest, ones) - 1,
  }));
}
