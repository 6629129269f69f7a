// How much of the processor's time a part of a program takes. It is told on stderr: stdout has what must be equal.
export async function busy(body) {
  const before = process.cpuUsage();
  await body();
  const { user, system } = process.cpuUsage(before);
  console.error(`busy ${user + system}`);
}
