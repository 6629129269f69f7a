/**
 * The version of this code. The build puts the number itself here, since a bundle may run far from the package.
 */
// eslint-disable-next-line @typescript-eslint/no-require-imports -- as an import, tsc would expect it in lib
export const version = (require('../../../package.json') as { version: string }).version;

/**
 * The reason why this code cannot use a binary that names `other` as what it belongs to, if it cannot. The methods of
 * the binary take their arguments by position, and what those are differs between versions.
 */
export function versionMismatch(other: string | undefined): string | undefined {
  const own = `uvnet@${version}`;
  if (other === own) return undefined;
  return `belongs to ${other ?? 'another version of uvnet'}, and this JavaScript to ${own}`;
}
