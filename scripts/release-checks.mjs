// The checks of a release rehearsal: its results, the differences between two states of a registry, and between two tarballs. No I/O.
import { gunzipSync } from 'node:zlib';

/** The checks of one rehearsal, and its result. */
export function rehearsal() {
  /** @type {import('./release-checks.d.mts').Check[]} */
  const checks = [];
  /** @type {import('./release-checks.d.mts').Step[]} */
  const steps = [];
  const failed = () => checks.filter(({ holds }) => !holds);
  return {
    check(what, holds, detail = '') {
      checks.push({ what, holds: Boolean(holds), detail: String(detail) });
    },
    same(what, found, expected) {
      const [seen, wanted] = [[...found].sort(), [...expected].sort()];
      const missing = wanted.filter((each) => !seen.includes(each));
      const more = seen.filter((each) => !wanted.includes(each));
      const twice = seen.filter((each, index) => seen.indexOf(each) !== index);
      const wrong = [
        ['missing', missing],
        ['not expected', more],
        ['twice', twice],
      ].flatMap(([why, list]) => (list.length === 0 ? [] : [`${why}: ${list.join(', ')}`]));
      checks.push({ what, holds: wrong.length === 0, detail: wrong.length === 0 ? seen.join(', ') : wrong.join('; ') });
    },
    step(what, published) {
      steps.push({ what, published: [...published] });
    },
    ended(error) {
      // Always one of the checks: otherwise a report that stops half-way, with everything passing until then, would look like a success.
      checks.push({ what: 'the rehearsal ran to its end', holds: error === null, detail: error === null ? '' : String(error?.message ?? error) });
    },
    failed,
    document: (about = {}) => ({ name: 'release-dry', holds: checks.length > 0 && failed().length === 0, ...about, checks, steps }),
  };
}

/** What a registry has in the second state but not in the first, and what of the first was removed or changed. */
export function released(before, after) {
  const versions = (look) =>
    Object.entries(look).flatMap(([name, { versions: all }]) => Object.entries(all).map(([at, integrity]) => [`${name}@${at}`, integrity]));
  const [first, second] = [new Map(versions(before)), new Map(versions(after))];
  return {
    published: [...second.keys()].filter((each) => !first.has(each)).sort(),
    damaged: [...first].flatMap(([each, integrity]) => (second.get(each) === integrity ? [] : [each])).sort(),
  };
}

/** The files in a tarball of npm, read without a library: blocks of 512 bytes, name at 0, size at 124, prefix at 345. */
export function filesOf(tarball) {
  const bytes = gunzipSync(tarball);
  const text = (from, length) => bytes.toString('utf8', from, from + length).split('\0', 1)[0] ?? '';
  const files = new Map();
  for (let at = 0; at + 512 <= bytes.length && bytes[at] !== 0; ) {
    const size = Number.parseInt(text(at + 124, 12), 8);
    const path = [text(at + 345, 155), text(at, 100)].filter((part) => part !== '').join('/');
    files.set(path.replace(/^package\//, ''), bytes.toString('utf8', at + 512, at + 512 + size));
    at += 512 + Math.ceil(size / 512) * 512;
  }
  return files;
}

/**
 * Paths whose content differs between two versions of a package. Both version numbers are masked, even where another package has the same number.
 */
export function differing(one, other) {
  const masked = ({ files }, path) => files.get(path)?.replaceAll(one.version, '<version>').replaceAll(other.version, '<version>');
  return [...new Set([...one.files.keys(), ...other.files.keys()])].filter((path) => masked(one, path) !== masked(other, path)).sort();
}
