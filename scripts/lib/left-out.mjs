// What the tests leave out on the platform that runs them.

/** The lists, by the platforms that have one. */
const lists = { darwin: 'macos-left-out.mjs', win32: 'windows-left-out.mjs' };

/** The lists { leftOutFiles, leftOut } of this platform. Entries with a `gap` are those of an emulator only. */
export async function leftOutHere(platform = process.platform) {
  const list = lists[platform];
  if (list === undefined) return { leftOutFiles: [], leftOut: [] };
  const { leftOutFiles, leftOut } = await import(`./${list}`);
  return { leftOutFiles, leftOut: leftOut.filter(({ gap }) => gap === undefined) };
}
