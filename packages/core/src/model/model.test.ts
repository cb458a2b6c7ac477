import { describe, expect, it } from 'vitest';
import { isRedressError, RedressError } from './errors.js';
import { atPointer, canonicalJson, digestOf, toJson } from './json.js';
import { namesOfType, resource, streamOf } from './resource.js';

describe('canonicalJson', () => {
  it('follows RFC 8785: keys by UTF-16 unit, numbers as ECMAScript writes them', () => {
    // The example of RFC 8785, section 3.2.3.
    const value = {
      '\u20ac': 'Euro Sign',
      '\r': 'Carriage Return',
      '\ufb33': 'Hebrew Letter Dalet With Dagesh',
      '1': 'One',
      '\ud83d\ude00': 'Emoji: Grinning Face',
      '\u0080': 'Control',
      '\u00f6': 'Latin Small Letter O With Diaeresis',
    };
    expect([...canonicalJson(value).matchAll(/:"([^"]*)"/g)].map((match) => match[1])).toEqual([
      'Carriage Return',
      'One',
      'Control',
      'Latin Small Letter O With Diaeresis',
      'Euro Sign',
      'Emoji: Grinning Face',
      'Hebrew Letter Dalet With Dagesh',
    ]);
    // biome-ignore lint/correctness/noPrecisionLoss: the number of RFC 8785, as it stands there.
    expect(canonicalJson([333333333.33333329, 1e30, 4.5, 2e-3, 1e-27])).toBe('[333333333.3333333,1e+30,4.5,0.002,1e-27]');
  });

  it.each([
    ['NaN', Number.NaN],
    ['a lone surrogate', '\ud800'],
    ['a lone surrogate in a key', { '\udc00': 1 }],
    ['a date', { at: new Date(0) }],
    ['undefined', undefined],
    ['bytes', new Uint8Array(1)],
    ['a function', () => 1],
    ['a big integer', 1n],
  ])('refuses %s', (_name, value) => {
    expect(() => canonicalJson(value)).toThrow(RedressError);
  });
});

describe('toJson', () => {
  it('copies, drops undefined, and freezes', () => {
    const given = { a: undefined, b: [{ c: 1 }] };
    const copy = toJson(given);
    expect(copy).toEqual({ b: [{ c: 1 }] });
    expect(Object.isFrozen(copy.b[0])).toBe(true);
    expect(Object.isFrozen(given)).toBe(false);
  });

  it('keeps a __proto__ member a member', () => {
    const copy = toJson(JSON.parse('{"__proto__":{"polluted":true}}') as Record<string, unknown>);
    expect(Object.hasOwn(copy, '__proto__')).toBe(true);
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
    expect((copy as { polluted?: boolean }).polluted).toBeUndefined();
  });
});

describe('atPointer', () => {
  it('follows RFC 6901', () => {
    const document = { foo: ['bar', 'baz'], 'a/b': 1, 'm~n': 8, '': 0 };
    expect(atPointer(document, '/foo/0')).toBe('bar');
    expect(atPointer(document, '/a~1b')).toBe(1);
    expect(atPointer(document, '/m~0n')).toBe(8);
    expect(atPointer(document, '/')).toBe(0);
    expect(atPointer(document, '')).toBe(document);
    expect(atPointer(document, '/foo/length')).toBeUndefined();
    expect(atPointer(document, '/constructor')).toBeUndefined();
  });
});

describe('resource', () => {
  const good = { type: 'AWS::S3::Bucket', id: 'b', account: '111111111111', region: 'us-east-1' };

  it('accepts account resources and global ones', () => {
    expect(resource({ ...good, type: 'AWS::::Account', id: '111111111111' }).partition).toBe('aws');
    expect(resource({ ...good, region: 'cn-north-1' }).partition).toBe('aws-cn');
    expect(resource({ ...good, region: 'aws-global' }).region).toBe('aws-global');
  });

  it('has one type, and so one stream, whichever name AWS has for it', () => {
    const [one, other] = namesOfType('AWS::OpenSearch::Domain').map((type) => resource({ ...good, type, id: 'search' }));
    expect(other).toEqual(one);
    expect(one?.type).toBe('AWS::OpenSearch::Domain');
    expect(namesOfType('AWS::Elasticsearch::Domain')).toEqual(['AWS::OpenSearch::Domain', 'AWS::Elasticsearch::Domain']);
    expect(namesOfType('AWS::S3::Bucket')).toEqual(['AWS::S3::Bucket']);
  });

  it.each([
    ['type', { type: 'Bucket' }],
    ['id', { id: '' }],
    ['id', { id: '  ' }],
    ['id', { id: '*' }],
    ['id', { id: 'a\nb' }],
    ['account', { account: '0123456789012' }],
    ['account', { account: '' }],
    ['region', { region: 'everywhere' }],
    ['partition', { partition: 'aws-cn' as const }],
  ])('refuses a wrong %s', (member, over) => {
    try {
      resource({ ...good, ...over });
    } catch (error) {
      expect(isRedressError(error) && error.place?.path).toBe(member);
      return;
    }
    throw new Error('It was accepted.');
  });

  it('gives equal resources one stream, and different ones different streams', () => {
    expect(streamOf(resource(good))).toBe(streamOf(resource({ ...good, partition: 'aws' })));
    expect(
      new Set([good, { ...good, id: 'c' }, { ...good, account: '222222222222' }, { ...good, region: 'eu-west-1' }].map((each) => streamOf(resource(each))))
        .size,
    ).toBe(4);
  });
});

describe('RedressError', () => {
  it('is recognized by its mark, not its class', () => {
    const foreign = Object.assign(new Error('x'), { [Symbol.for('redress.error')]: true, code: 'policy/invalid' });
    expect(isRedressError(foreign)).toBe(true);
    expect(isRedressError(new Error('x'))).toBe(false);
    expect(isRedressError(null)).toBe(false);
  });

  it('digests do not depend on the order of members', () => {
    expect(digestOf({ a: 1, b: 2 })).toBe(digestOf({ b: 2, a: 1 }));
    expect(digestOf([1, 2])).not.toBe(digestOf([2, 1]));
  });
});
