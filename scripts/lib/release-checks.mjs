// What must hold before a release is built: version numbers, changelog, tag, repository.
import { readFileSync } from 'node:fs';
import { at, CommandError, output, readJson } from './tools.mjs';

const git = (...args) => output('git', args).trim();

/** Either there is no tag for this version yet, or the workflow runs for it. */
function checkTag(version, tag) {
  if (tag === undefined) {
    if (git('tag', '--list', `v${version}`) !== '') {
      throw new CommandError(`the tag v${version} is there already`);
    }
  } else if (tag !== `v${version}`) {
    throw new CommandError(`the tag ${tag} is not that of version ${version}`);
  }
}

/** All places that name the version say the same, and so does the tag. */
export function checkVersions({ version, dryRun, tag }) {
  const lock = readJson(at('package-lock.json'));
  for (const found of [lock.version, lock.packages[''].version]) {
    if (found !== version) throw new CommandError(`package-lock.json has version ${found}`);
  }
  checkTag(version, tag);
  const changelog = readFileSync(at('CHANGELOG.md'), 'utf8');
  const [, heading, entries] = /^## (.+)\n([^]*?)(?=^## |$(?![^]))/m.exec(changelog) ?? [];
  if (!/^- /m.test(entries ?? '')) throw new CommandError('CHANGELOG.md: no entry comes first');
  const dated = heading.startsWith(`[${version}] - `) || heading.startsWith(`${version} - `);
  if (dated) return `${version}, changelog of ${heading.slice(-10)}`;
  if (dryRun && heading === 'Unreleased') return `${version}, changelog still "Unreleased"`;
  throw new CommandError(`CHANGELOG.md: expected "## ${version} - <date>", found "## ${heading}"`);
}

/**
 * npm takes a package with a provenance statement only if package.json names the repository of the workflow that
 * publishes it.
 */
function repositoryProblem({ repository }) {
  const url = repository?.url ?? repository;
  if (!url) return 'package.json has no "repository", and npm refuses to publish without';
  // GitHub sets it in workflows.
  const { GITHUB_REPOSITORY: here } = process.env;
  if (
    !here ||
    url
      .toLowerCase()
      .replace(/\.git$/, '')
      .endsWith(`/${here.toLowerCase()}`)
  ) {
    return undefined;
  }
  return `package.json says that the repository is ${url}, and this is ${here}`;
}

/** The package names its repository, and the commit has everything. */
export function checkRepository({ manifest, dryRun }) {
  const problem = repositoryProblem(manifest);
  if (dryRun) return problem ? `a release is refused: ${problem}` : 'named in package.json';
  if (problem) throw new CommandError(problem);
  if (git('status', '--porcelain') !== '') {
    throw new CommandError('there are changes that are not committed');
  }
  return git('rev-parse', '--short', 'HEAD');
}
