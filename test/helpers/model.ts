// How the models under test/model share their work out to tests.
//
// UVNET_MODEL_STEPS: how many steps (the nightly run takes a million); UVNET_MODEL_SEED: the first seed.
export interface ModelSize {
  /** Where the environment does not say. */
  steps: number;
  stepsOfOne: number;
  /** How many make a test, which takes a small part of a test's time, however many tests there are. */
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
