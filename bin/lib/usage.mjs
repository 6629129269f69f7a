// What a command says when it is called the wrong way.

/** Prints one line, and where to read on. The exit code. */
export function usage(command, message) {
  const name = ['uvnet', command].filter(Boolean).join(' ');
  console.error(`${name}: ${message}; see ${name} --help`);
  return 2;
}
