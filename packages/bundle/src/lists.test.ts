import { describe, expect, it } from 'vitest';
import { sameVersions } from './lists.js';

const of = (name: string, version: string) => ({ name, version });

describe('the versions of facts and code', () => {
  it.each<[string, string[], ReturnType<typeof of>[]]>([
    ['the same version', ['@acme/r@1.0.1'], [of('@acme/r', '1.0.1')]],
    ['code of another version as well, which another package needs', ['@acme/r@1.0.1'], [of('@acme/r', '0.9.0'), of('@acme/r', '1.0.1')]],
    ['code that is of no package', ['@acme/r@1.0.1'], [of('@acme/other', '2.0.0')]],
    ['no late list', [''], [of('@acme/r', '1.0.1')]],
  ])('are accepted with %s', (_, facts, code) => {
    expect(() => sameVersions(new Set(facts), code)).not.toThrow();
  });

  it.each<[string, string[], ReturnType<typeof of>[], string]>([
    ['code of another version', ['@acme/r@1.0.0'], [of('@acme/r', '1.0.1')], '@acme/r 1.0.0, and the code in the bundle is of 1.0.1.'],
    ['one list of a version that is not there', ['@acme/r@1.0.1', '@acme/r@0.5.0'], [of('@acme/r', '1.0.1')], '@acme/r 0.5.0, and the code'],
  ])('are refused with %s', (_, facts, code, message) => {
    expect(() => sameVersions(new Set(facts), code)).toThrow(
      expect.objectContaining({ code: 'compose/invalid', message: expect.stringContaining(message), next: expect.stringContaining('package.version') }),
    );
  });
});
