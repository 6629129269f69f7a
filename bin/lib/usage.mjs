// Reports wrong usage of a command.

/** Prints the problem and a hint in one line. Returns the exit code. */
export function usage(command, message) {
  const name = ['uvnet', command].filter(Boolean).join(' ');
  console.error(`${name}: ${message}; see ${name} --help`);
  return 2;
}
