// Cases of node:net, which are the control of those of uvnet: if both fail, the reason is the platform.

const control = '(node:net)';

export const isControl = (name) => name.includes(control);

/** Of the names of failed cases, those of uvnet of which the control has failed, too. */
export function failedInControl(names) {
  const failed = new Set(names.filter(isControl));
  return names.filter((name) => !isControl(name) && failed.has(name.replace('(uvnet)', control)));
}
