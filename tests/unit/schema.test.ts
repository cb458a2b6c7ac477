// The published JSON Schemas, judged by a validator that is not ours, agree with what is accepted and refused.
import { isRedressError, namesOfType, parsePolicy, parseRegister, type Remediator } from '@redress/core';
import { policySchema, registerSchema } from '@redress/core/schema';
import { logsRemediators } from '@redress/remediator-cloudwatch-logs';
import { ec2Remediators } from '@redress/remediator-ec2';
import { iamRemediators } from '@redress/remediator-iam';
import { opensearchRemediators } from '@redress/remediator-opensearch';
import { s3Remediators } from '@redress/remediator-s3';
import Ajv2020 from 'ajv/dist/2020.js';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { repeated } from '../support/size.js';

const all: readonly Remediator[] = [...ec2Remediators, ...s3Remediators, ...iamRemediators, ...logsRemediators];
const ajv = new Ajv2020.default({ strict: true, strictRequired: false, allErrors: true, allowUnionTypes: true });
const validPolicy = ajv.compile(policySchema(all));
const validRegister = ajv.compile(registerSchema(all));

function accepted(define: () => unknown): boolean {
  try {
    define();
    return true;
  } catch (error) {
    if (!isRedressError(error)) throw error;
    return false;
  }
}

const accounts = fc.uniqueArray(fc.constantFrom('111111111111', '222222222222', '333333333333', '444444444444'), { maxLength: 2 });
const odd = fc.oneof({
  arbitrary: fc.constantFrom('', ' ', '*', 'x', 1, -1, 1.5, null, true, [], {}, 'P', 'PT', 'PT1H', 'P1W2D', 'none', 'run', 'arn:x'),
  weight: 1,
});
/** Mostly right, now and then something else. */
const mostly = <T>(right: fc.Arbitrary<T>) => fc.oneof({ arbitrary: right as fc.Arbitrary<unknown>, weight: 40 }, { arbitrary: odd, weight: 1 });
const mode = mostly(fc.constantFrom('enforce', 'approve', 'plan', 'notify', 'off'));
const policy = fc.record(
  {
    version: mostly(fc.constant(1)),
    stop: mostly(fc.constantFrom('none', 'changes', 'everything')),
    environments: mostly(
      fc.record({
        dev: fc.record({ accounts: mostly(accounts) }),
        prod: fc.oneof(
          fc.record(
            { accounts: fc.constant(['999999999999']), after: mostly(fc.constant('none')), because: mostly(fc.constant('nothing there')) },
            { requiredKeys: ['accounts'] },
          ),
          fc.record({
            accounts: fc.constant(['999999999999']),
            after: fc.record({ environment: fc.constant('dev'), fixes: mostly(fc.constant(5)), bake: mostly(fc.constantFrom('P7D', 'PT36H')) }),
          }),
        ),
      }),
    ),
    remediators: mostly(
      fc.record(
        {
          'ec2-revoke-sg-open-ssh': fc.oneof(mode, fc.record({ dev: mode, prod: mode }, { requiredKeys: [] })),
          's3-enforce-default-encryption': fc.record({ dev: mode, parameters: fc.constant({ algorithm: 'AES256' }) }),
        },
        { requiredKeys: [] },
      ),
    ),
    exceptions: mostly(fc.record({ tag: mostly(fc.constant('acme:exempt')), register: mostly(fc.constant('exceptions.yaml')) }, { requiredKeys: [] })),
    limits: mostly(
      fc.array(
        fc.record({
          per: mostly(fc.subarray(['remediator', 'account', 'region'], { minLength: 1 })),
          changes: mostly(fc.nat(20)),
          window: mostly(fc.constantFrom('PT1H', 'P1D')),
        }),
        { maxLength: 2 },
      ),
    ),
    configRules: mostly(fc.dictionary(fc.string(), fc.constant('INCOMING_SSH_DISABLED'), { maxKeys: 2, noNullPrototype: true })),
    securityHub: mostly(fc.record({ administrators: mostly(accounts) })),
    grace: mostly(
      fc.array(
        fc.record(
          {
            period: mostly(fc.constantFrom('P7D', 'P30D')),
            remind: mostly(fc.subarray(['P3D', 'P1D', 'PT1H'])),
            remediators: mostly(fc.constant(['ec2-revoke-sg-open-ssh'])),
          },
          { requiredKeys: ['period'] },
        ),
        { maxLength: 2 },
      ),
    ),
    freeze: mostly(
      fc.array(
        fc.record(
          {
            from: mostly(fc.constant('2026-12-20T00:00:00+11:00')),
            to: mostly(fc.constant('2027-01-05T00:00:00+11:00')),
            reason: mostly(fc.constant('year end')),
            environments: mostly(fc.constant(['dev'])),
          },
          { requiredKeys: ['from', 'to', 'reason'] },
        ),
        { maxLength: 1 },
      ),
    ),
    self: mostly(fc.constant(['arn:aws:iam::111111111111:role/redress'])),
    windows: mostly(
      fc.array(
        fc.record(
          {
            environments: mostly(fc.constant(['dev'])),
            days: mostly(fc.constant(['mon', 'sun'])),
            from: mostly(fc.constantFrom('22:00', '00:00')),
            to: mostly(fc.constantFrom('04:00', '23:59')),
            timezone: mostly(fc.constantFrom('Australia/Sydney', 'UTC')),
          },
          { requiredKeys: ['from', 'to', 'timezone'] },
        ),
        { maxLength: 1 },
      ),
    ),
    managedByIac: mostly(fc.constantFrom('approve', 'notify', 'allow')),
    managedByTags: mostly(fc.constantFrom(['acme:stack'], ['acme stack', 'team = platform'], ['=x'], [])),
    approvers: mostly(fc.constant({ dev: ['arn:aws:iam::111111111111:role/path/Lead'] })),
    rules: mostly(
      fc.array(fc.record({ when: mostly(fc.constant('true')), effect: mostly(fc.constant('deny')), because: mostly(fc.constant('b')) }), { maxLength: 1 }),
    ),
  },
  { requiredKeys: ['version', 'environments'] },
);

describe('the policy', () => {
  it('accepts every policy that the code accepts: an editor shows no false mistake', () => {
    let [good, bad] = [0, 0];
    fc.assert(
      fc.property(policy, (input) => {
        const plain: unknown = JSON.parse(JSON.stringify(input));
        if (accepted(() => parsePolicy(plain))) {
          good++;
          expect(validPolicy(plain), JSON.stringify([plain, validPolicy.errors])).toBe(true);
        } else bad++;
      }),
      { numRuns: repeated(250, 2000), seed: 7 },
    );
    expect([good > 25, bad > 25]).toEqual([true, true]);
  });
  const dev = { dev: { accounts: ['111111111111'] } };
  it.each<[string, unknown]>([
    ['no version', {}],
    ['another version', { version: 2 }],
    ['an unknown key', { version: 1, remediator: {} }],
    ['an account that is a number', { version: 1, environments: { dev: { accounts: [111111111111] } } }],
    ['an environment with a capital', { version: 1, environments: { Dev: { accounts: [] } } }],
    ['an unknown remediator', { version: 1, environments: dev, remediators: { 'ec2-revoke-ssh': { dev: 'enforce' } } }],
    ['an unknown mode', { version: 1, environments: dev, remediators: { 'ec2-revoke-sg-open-ssh': { dev: 'enforced' } } }],
    ['an unknown parameter', { version: 1, environments: dev, remediators: { 's3-enforce-default-encryption': { parameters: { algo: 'AES256' } } } }],
    ['a parameter out of range', { version: 1, environments: dev, remediators: { 'logs-raise-retention': { parameters: { minDays: 100 } } } }],
    ['a window that is not a duration', { version: 1, limits: [{ per: ['account'], changes: 1, window: 'an hour' }] }],
    ['a limit without a key', { version: 1, limits: [{ per: [], changes: 1, window: 'PT1H' }] }],
    ['a rule that permits', { version: 1, rules: [{ when: 'true', effect: 'allow', because: 'b' }] }],
    ['an approver that is everybody', { version: 1, environments: dev, approvers: { dev: ['*'] } }],
    ['a window without a time zone', { version: 1, windows: [{ from: '22:00', to: '04:00' }] }],
    ['the id of a Config rule', { version: 1, configRules: { 'config-rule-a1b2c3': 'INCOMING_SSH_DISABLED' } }],
    ['an unknown managed rule', { version: 1, configRules: { 'acme-ssh': 'INCOMING_SSH_DISABLE' } }],
    ['a freeze without an offset', { version: 1, freeze: [{ from: '2026-12-20', to: '2027-01-05T00:00:00Z', reason: 'r' }] }],
  ])('%s is shown', (_name, input) => {
    expect(validPolicy(input)).toBe(false);
  });
});

describe('the register', () => {
  const entry = { id: 'EXC-1', scope: { account: '111111111111' }, reason: 'r', owner: 'a', approver: 'b', expires: '2026-12-31T00:00:00Z' };
  const scope = fc.record(
    {
      account: mostly(fc.oneof(fc.constant('111111111111'), accounts)),
      region: mostly(fc.constantFrom('eu-west-1', 'aws-global', 'us-gov-west-1')),
      resource: mostly(
        fc.constantFrom(
          'sg-1',
          ['a', 'b'],
          'arn:aws:s3:::invoices',
          '/acme/orders',
          'sg-0123456789abcdef0 / web',
          'SG-0abc',
          'arn:aws:logs:eu-west-1:111111111111:log-group:/acme/orders:*',
          's3://invoices/',
          'https://eu-west-1.console.aws.amazon.com/ec2/home?region=eu-west-1#SecurityGroup:groupId=sg-0123456789abcdef0',
        ),
      ),
      resourceType: mostly(fc.constantFrom('AWS::EC2::SecurityGroup', 'AWS::::Account', 'AWS::EC2::SecurityGroupIngress')),
      remediators: mostly(fc.constantFrom('ec2-revoke-sg-open-ssh', ['logs-raise-retention'])),
      tag: mostly(fc.constantFrom('team=web', 'a=b=c', 'team = web', 'cost centre=a b', ' a=b')),
    },
    { requiredKeys: [] },
  );
  it('accepts every register that the code accepts', () => {
    let good = 0;
    fc.assert(
      fc.property(scope, mostly(fc.constant('2026-12-31T00:00:00+10:00')), (given, expires) => {
        const plain: unknown = JSON.parse(JSON.stringify([{ ...entry, scope: given, expires }]));
        const names = [given.remediators].flat();
        if (!accepted(() => parseRegister(plain)) || names.some((name) => name !== undefined && !all.some(({ id }) => id === name))) return;
        good++;
        expect(validRegister(plain), JSON.stringify([plain, validRegister.errors])).toBe(true);
      }),
      { numRuns: repeated(250, 2000), seed: 8 },
    );
    expect(good).toBeGreaterThan(25);
  });
  it('accepts every name that AWS has for a type', () => {
    const ofDomains = new Ajv2020.default({ strict: true, strictRequired: false, allowUnionTypes: true }).compile(registerSchema(opensearchRemediators));
    for (const resourceType of namesOfType('AWS::OpenSearch::Domain'))
      expect(ofDomains([{ ...entry, scope: { resource: 'search', resourceType } }]), resourceType).toBe(true);
  });
  it.each<[string, object]>([
    ['no expiry', { expires: undefined }],
    ['an expiry without an offset', { expires: '2026-12-31T00:00:00' }],
    ['an empty scope', { scope: {} }],
    ['a scope with only a remediator', { scope: { remediators: 'logs-raise-retention' } }],
    ['a wildcard', { scope: { resource: 'sg-*' } }],
    ['an unknown remediator', { scope: { account: '111111111111', remediators: 'nothing' } }],
    ['an invalid region', { scope: { account: '111111111111', region: 'Ireland' } }],
    ['an unknown region', { scope: { account: '111111111111', region: 'us-east-9' } }],
    ['a type without a remediator', { scope: { account: '111111111111', resourceType: 'AWS::EC2::SecurityGroups' } }],
    ['an id in capitals', { scope: { resource: 'SG-0123456789ABCDEF0' } }],
    ['an id with a digit missing', { scope: { resource: ['sg-0123456789abcdef'] } }],
    ['an access key', { scope: { resource: 'AKIAIOSFODNN7EXAMPLE' } }],
    ['a tag with spaces around =', { scope: { tag: 'team = vendor' } }],
    ['an unknown member', { scope: { accounts: '111111111111' } }],
  ])('%s is shown', (_name, over) => {
    expect(validRegister(JSON.parse(JSON.stringify([{ ...entry, ...over }])))).toBe(false);
  });
});
