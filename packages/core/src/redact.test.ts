import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { corpus, leaksIn } from '../../../tests/support/secrets.js';
import { everyKind } from './events/fixtures/events.js';
import { holdsMarker, redact } from './redact.js';

const KEY = 'a key that nobody else has';
const secrets = corpus();

/** Every way in which an account, an event or a person may hold a secret. */
const PLACES: Readonly<Record<string, (planted: (typeof secrets)[number]) => unknown>> = {
  'a variable of a function': ({ name, value }) => ({ Environment: { Variables: { STAGE: 'prod', [name]: value } } }),
  'a tag': ({ name, value }) => ({
    TagList: [
      { Key: 'owner', Value: 'payments' },
      { Key: name, Value: value },
    ],
  }),
  'a tag in lower case': ({ name, value }) => ({ tags: [{ key: name, value }] }),
  'tags by name': ({ name, value }) => ({ tags: { owner: 'payments', [name]: value } }),
  'a container': ({ name, value }) => ({ environment: [{ name, value }] }),
  'user data': ({ text }) => ({ UserData: Buffer.from(`#!/bin/bash\nset -eu\n${text}\n`).toString('base64') }),
  'user data as text': ({ text }) => `#!/bin/bash\nset -eu\n${text}\nsystemctl start app\n`,
  'a policy': ({ text }) => JSON.stringify({ Statement: [{ Sid: 'x', Effect: 'Allow', Condition: { StringEquals: { 'aws:Referer': text } } }] }),
  'a policy as IAM answers it': ({ text }) => encodeURIComponent(JSON.stringify({ Statement: [{ Condition: { StringEquals: { 'aws:Referer': text } } }] })),
  'input of an Automation': ({ name, value }) => ({ Parameters: { [name]: [value], InstanceId: ['i-0a1b2c3d4e5f60718'] } }),
  'output of an Automation': ({ text }) => ({ Outputs: { 'run.Output': [`done\n${text}\n`] } }),
  'a message of AWS': ({ text }) => `ValidationException: 1 validation error detected: Value '${text}' failed to satisfy constraint`,
  'a text that quotes it': ({ text }) => `Invalid value ${JSON.stringify(`set -eu\n${text}\n`)} at line 1: {`,
  'a text with its control characters escaped': ({ text }) => `set -eu\n${text}\n`.replaceAll('\n', '\\u000a'),
  'a reason': ({ text }) => `The vendor wants it: ${text}`,
  'JSON in JSON in JSON': ({ name, value }) => JSON.stringify({ body: JSON.stringify({ detail: JSON.stringify({ [name]: value }) }) }),
  'a name': ({ text }) => ({ [text]: true }),
};

describe('redaction', () => {
  it('knows at least 25 kinds and 200 secrets', () => {
    expect(new Set(secrets.map((each) => each.kind)).size).toBeGreaterThanOrEqual(25);
    expect(new Set(secrets.map((each) => each.secret)).size).toBeGreaterThanOrEqual(200);
  });

  it.each(Object.entries(PLACES))('leaves no secret in %s', (_place, put) => {
    const leaks = secrets.flatMap((each) => leaksIn(JSON.stringify(redact(put(each), KEY)), [each]));
    expect(leaks).toEqual([]);
  });

  it.each(Object.entries(PLACES))('changes nothing that is redacted in %s', (_place, put) => {
    for (const each of secrets) {
      const once = redact(put(each), KEY);
      expect(redact(once, KEY)).toBe(once);
      expect(redact(once, 'another key of the same')).toBe(once);
      expect(holdsMarker(once)).toBe(true);
    }
  });
});

describe('JSON in a text', () => {
  it.each([
    '{"password":"hunter2secret","password":""}',
    '{"p\\u0061ssword":"hunter2secret","password":""}',
    '[{"a":[{"b":{"password" : "hunter2secret", "c":"{", "password":"none"}}]}]',
  ])('does not hide a secret behind a member of the same name: %s', (text) => {
    expect(JSON.stringify(redact({ text }, KEY))).not.toContain('hunter2secret');
  });
  it.each(['[{"a":1},{"a":2}]', '{"a":{"a":1},"b":[{"a":1}]}', '{"a":"\\"a\\":","b":"{\\"a\\":1"}', '{ "a" : 1.0, "b" : "\\u003c" }'])(
    'is returned as it is without a secret: %s',
    (text) => {
      const given = { text };
      expect(redact(given, KEY)).toBe(given);
    },
  );
});

describe('the placeholder of a secret', () => {
  it('is equal for equal secrets under one key, wherever they are, and for no others', () => {
    const marker = redact({ DB_PASSWORD: 'hunter2' }, KEY).DB_PASSWORD;
    expect(marker).toMatch(/^\[redacted hmac:[0-9a-f]{16}\]$/);
    expect(redact('export DB_PASSWORD="hunter2"', KEY)).toBe(`export DB_PASSWORD="${marker}"`);
    expect(redact('postgres://app:hunter2@db/x', KEY)).toBe(`postgres://app:${marker}@db/x`);
    expect(redact({ DB_PASSWORD: 'hunter3' }, KEY).DB_PASSWORD).not.toBe(marker);
    expect(redact({ DB_PASSWORD: 'hunter2' }, 'another key').DB_PASSWORD).not.toBe(marker);
  });

  it('is an HMAC with SHA-256: a plain digest could be guessed', () => {
    // echo -n hunter2 | openssl dgst -sha256 -hmac key
    expect(redact({ password: 'hunter2' }, 'key')).toEqual({ password: '[redacted hmac:05d210d8af05129c]' });
  });

  it('reveals nothing about the secret without a key', () => {
    expect(redact({ password: 'hunter2' })).toEqual({ password: '[redacted]' });
  });
});

describe('a value without a secret', () => {
  it('is returned as the same object: events of every kind', () => {
    for (const [name, event] of Object.entries(everyKind())) {
      expect([name, redact(event, KEY)]).toEqual([name, event]);
      expect(redact(event, KEY)).toBe(event);
    }
  });

  it.each(['notify', 'enforce', 'approve', 'plan', 'off', 'remediated', 'flagged: tagged old-user', 'AWS::IAM::User old-user (111111111111, us-east-1)'])(
    'is returned unchanged for a remediator whose id ends like the name of a secret (%s)',
    (said) => {
      const line = `iam-flag-stale-access-key: ${said}`;
      expect(redact(line, KEY)).toBe(line);
      const document = { remediators: { 'iam-flag-stale-access-key': said.split(' ')[0] } };
      expect(redact(document, KEY)).toBe(document);
    },
  );

  const hex = (length: number) => fc.stringMatching(new RegExp(`^[0-9a-f]{${length}}$`));
  const bytes = (length: number) => fc.uint8Array({ minLength: length, maxLength: length }).map((each) => Buffer.from(each).toString('base64'));
  const names = fc.oneof(
    fc.tuple(fc.constantFrom('sg', 'i', 'vpc', 'subnet', 'eni', 'snap', 'ami', 'fs', 'lt'), hex(17)).map(([kind, id]) => `${kind}-${id}`),
    hex(64).map((each) => `sha256:${each}`),
    hex(40),
    hex(64),
    fc.uuid(),
    hex(16).map((each) => `a-${each}`),
    hex(20).map((each) => `x-0mwu3vwn4-${each}`),
    fc.stringMatching(/^[0-9]{12}$/),
    fc.stringMatching(/^A(?:KIA|SIA|ROA|IDA)[A-Z2-7]{17}$/),
    bytes(20),
    bytes(32),
    bytes(48),
    bytes(64),
    fc
      .tuple(fc.stringMatching(/^[0-9]{12}$/), fc.stringMatching(/^[A-Za-z][A-Za-z0-9_.-]{0,40}$/))
      .map(([account, name]) => `arn:aws:iam::${account}:role/${name}`),
    fc
      .tuple(fc.stringMatching(/^[0-9]{12}$/), hex(16), fc.uuid())
      .map(([account, id, key]) => `arn:aws:elasticloadbalancing:eu-west-1:${account}:loadbalancer/app/${key}/${id}`),
    fc
      .tuple(fc.stringMatching(/^[0-9]{12}$/), fc.stringMatching(/^[a-z]{3,12}$/))
      .map(([account, name]) => `arn:aws:secretsmanager:eu-west-1:${account}:secret:prod/${name}-a1B2c3`),
    fc.date({ noInvalidDate: true, min: new Date('2000-01-01'), max: new Date('2100-01-01') }).map((each) => each.toISOString()),
    fc.ipV4(),
    fc.emailAddress({ localPart: fc.stringMatching(/^[a-z]{1,12}$/) } as never),
  );
  it('is returned unchanged: ids, ARNs, digests, accounts, request ids, and Base64 of hashes', () => {
    fc.assert(
      fc.property(names, fc.constantFrom('id', 'requestId', 'etag', 'arn', 'secretArn', 'clientToken', 'nextToken', 'resource', 'hash'), (value, member) => {
        const said = { [member]: value, list: [value], text: `It is about ${value}, as asked.`, json: JSON.stringify({ [member]: value }) };
        expect(redact(said, KEY)).toBe(said);
      }),
      { numRuns: 2000 },
    );
  });

  it.each([
    { HttpTokens: 'required', HttpPutResponseHopLimit: 1 },
    { PasswordPolicy: { MinimumPasswordLength: 14, RequireSymbols: true }, PasswordLastUsed: '2026-11-01T00:00:00Z', PasswordResetRequired: 'true' },
    { MasterUserSecret: { SecretArn: 'arn:aws:secretsmanager:eu-west-1:111111111111:secret:rds!db-1', SecretStatus: 'active' } },
    {
      password: '{{resolve:secretsmanager:prod/db:SecretString:password}}',
      DB_PASSWORD: `$\{DbPassword}`,
      token: '$TOKEN',
      secret: 'alias/aws/secretsmanager',
    },
    { KMSMasterKeyID: 'arn:aws:kms:eu-west-1:111111111111:key/1', EncryptionKey: '1234abcd-12ab-34cd-56ef-1234567890ab' },
    { 'redress:stale-access-key': 'AKIAIOSFODNN7EXAMPLE' },
    'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGq me@example.com',
    'The token: expired. Its password is required.',
    'Its state holds a secret: if it was replaced since, use the one before.',
  ])('is returned unchanged: %j', (value) => {
    expect(redact(value, KEY)).toBe(value);
  });

  it('is the name of a resource, whatever it looks like: its records are found by it', () => {
    const ref = { type: 'AWS::S3::Bucket', id: 'xoxb-backup-of-2026', account: '111111111111', region: 'eu-west-1', partition: 'aws' };
    expect(redact({ resource: ref, message: 'xoxb-backup-of-2026' }, KEY).resource).toBe(ref);
  });
});

describe('an additional pattern', () => {
  it('redacts by name, in any spelling, and by form', () => {
    const rules = { names: ['x-acme-pin'], patterns: [/\bACME-[0-9]{4}\b/g] };
    expect(redact({ XAcmePin: '1234', X_ACME_PIN: '0', other: 'see ACME-1234' }, null, rules)).toEqual({
      XAcmePin: '[redacted]',
      X_ACME_PIN: '[redacted]',
      other: 'see [redacted]',
    });
    expect(redact('x-acme-pin=1234', null, rules)).toBe('x-acme-pin=[redacted]');
    expect(redact({ XAcmePin: '1234' })).toEqual({ XAcmePin: '1234' });
  });
});

it('a text in which nothing was found is searched again where more of its encodings are decoded', () => {
  const held = Buffer.from(JSON.stringify({ password: 'hunter2-of-the-layers' })).toString('base64');
  let wrapped = held;
  for (let layer = 0; layer < 4; layer++) wrapped = JSON.stringify({ layer, wrapped });
  expect(redact(wrapped)).toBe(wrapped);
  expect(redact(held)).toBe('[redacted]');
  expect(redact({ wrapped: JSON.stringify({ held }) })).toEqual({ wrapped: '{"held":"[redacted]"}' });
});
