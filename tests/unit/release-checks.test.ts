// What the rehearsal of a release calls a success, and what it must notice.
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { differing, filesOf, rehearsal, released } from '../../scripts/release-checks.mjs';

describe('a rehearsal', () => {
  it('passes if everything was checked and is valid', () => {
    const { check, same, step, ended, failed, document } = rehearsal();
    check('one', true);
    same('two', ['b', 'a'], ['a', 'b']);
    step('first release', ['a@1.0.0']);
    ended(null);
    expect(failed()).toEqual([]);
    expect(JSON.parse(JSON.stringify(document({ seconds: 1 })))).toEqual({
      name: 'release-dry',
      holds: true,
      seconds: 1,
      checks: [
        { what: 'one', holds: true, detail: '' },
        { what: 'two', holds: true, detail: 'a, b' },
        { what: 'the rehearsal ran to its end', holds: true, detail: '' },
      ],
      steps: [{ what: 'first release', published: ['a@1.0.0'] }],
    });
  });

  it.each([
    ['one check fails', (r: ReturnType<typeof rehearsal>) => r.check('one', 0, 'nothing'), 'nothing'],
    [
      'something is missing, superfluous, or duplicate',
      (r: ReturnType<typeof rehearsal>) => r.same('one', ['b', 'c', 'c'], ['a', 'c']),
      /^missing: a; not expected: b; twice: c$/,
    ],
    ['it was aborted', (r: ReturnType<typeof rehearsal>) => r.ended(new Error('the registry does not start')), 'the registry does not start'],
  ])('fails if %s', (_name, wrong, detail) => {
    const made = rehearsal();
    made.check('another', true);
    wrong(made);
    made.ended(null);
    expect(made.document().holds).toBe(false);
    expect(made.failed()).toEqual([{ what: expect.any(String), holds: false, detail: expect.stringMatching(detail) }]);
  });

  it('fails if nothing was checked', () => {
    expect(rehearsal().document().holds).toBe(false);
  });
});

describe('two states of a registry', () => {
  const before = { core: { versions: { '1.0.0': 'sha512-a' } }, s3: { versions: { '0.1.0': 'sha512-b' } } };

  it('report what was published', () => {
    const after = { ...before, s3: { versions: { '0.1.0': 'sha512-b', '0.1.1': 'sha512-c' } }, ec2: { versions: { '0.1.0': 'sha512-d' } } };
    expect(released(before, after)).toEqual({ published: ['ec2@0.1.0', 's3@0.1.1'], damaged: [] });
  });

  it('report what was replaced, and what was removed', () => {
    expect(released(before, { s3: { versions: { '0.1.0': 'sha512-other' } } })).toEqual({ published: [], damaged: ['core@1.0.0', 's3@0.1.0'] });
  });
});

describe('two versions of a package', () => {
  const contents = (version: string, files: Record<string, string>) => ({ version, files: new Map(Object.entries(files)) });
  const old = contents('0.1.0', { 'package.json': '{"version":"0.1.0"}', 'dist/index.js': 'const version = "0.1.0"; act();' });

  it('are equal except for the version', () => {
    const more = { 'package.json': '{"version":"0.1.1"}', 'dist/index.js': 'const version = "0.1.1"; act();', 'CHANGELOG.md': '# 0.1.1' };
    expect(differing(old, contents('0.1.1', more))).toEqual(['CHANGELOG.md']);
  });

  it('differ if code, a range, or the list of files does', () => {
    const index = 'const version = "0.1.1"; act();';
    expect(differing(old, contents('0.1.1', { 'package.json': '{"version":"0.1.1"}', 'dist/index.js': `${index} again();` }))).toEqual(['dist/index.js']);
    expect(differing(old, contents('0.1.1', { 'package.json': '{"version":"0.1.1","dependencies":{"a":"^2"}}', 'dist/index.js': index }))).toEqual([
      'package.json',
    ]);
    expect(differing(old, contents('0.1.1', { 'package.json': '{"version":"0.1.1"}' }))).toEqual(['dist/index.js']);
  });
});

it('reads the files of a tarball', () => {
  const block = (text: string, size = 512) => Buffer.concat([Buffer.from(text), Buffer.alloc(size)]).subarray(0, size);
  const file = (path: string, text: string) => {
    const header = Buffer.alloc(512);
    header.write(path, 0);
    header.write(`${text.length.toString(8).padStart(11, '0')}\0`, 124);
    return Buffer.concat([header, block(text, Math.ceil(text.length / 512) * 512)]);
  };
  const long = 'x'.repeat(600);
  const tarball = gzipSync(Buffer.concat([file('package/package.json', '{}'), file('package/dist/a.js', long), file('package/empty', ''), Buffer.alloc(1024)]));
  expect([...filesOf(tarball)]).toEqual([
    ['package.json', '{}'],
    ['dist/a.js', long],
    ['empty', ''],
  ]);
});
