import { describe, expect, it } from 'vitest';
import { RedressError } from '../model/errors.js';
import type { Finding } from '../model/finding.js';
import type { Assessment } from '../model/plan.js';
import { definePolicy } from '../policy/policy.js';
import { defineRemediator, type Remediator } from '../remediator/define.js';
import { createRedress } from './redress.js';
import type { Evaluation } from './types.js';

const ACCOUNT = '111111111111';
const LAMP = 'AWS::Test::Lamp';
const OBSERVED = '2026-11-24T10:00:00.000Z';

const invocation = (over: Partial<Finding> = {}): Finding => ({
  id: 'f-1',
  source: 'config',
  kind: 'config-rule-invocation',
  disposition: 'evaluate',
  reason: 'Asked.',
  account: ACCOUNT,
  region: 'eu-west-1',
  resources: [{ type: LAMP, id: 'l-1' }],
  controls: [],
  configRule: 'lamp-off',
  state: null,
  previousState: null,
  actor: null,
  observedAt: OBSERVED,
  call: null,
  replayed: false,
  envelope: null,
  via: [],
  itemId: null,
  extra: {},
  ...over,
});

/** Answers what the test says. */
function knows(answer: Assessment | Error, over: Partial<Remediator> = {}): Remediator {
  const made = defineRemediator({
    id: 'lamp-off',
    title: 'Lamps off',
    resourceTypes: [LAMP],
    controls: [],
    triggers: { configRules: ['LAMP_OFF'] },
    ceiling: 'notify',
    blindSpots: [],
    uses: { reads: [], writes: [], undoes: [] },
    observe: async () => {
      if (answer instanceof Error) throw answer;
      return { state: {}, tags: {} };
    },
    plan: () => ({ status: 'compliant' }),
  });
  return { ...made, plan: () => answer as Assessment, ...over };
}

const change = (open?: readonly string[], ...summaries: string[]): Assessment =>
  ({ status: 'change', changes: summaries.map((summary) => ({ summary })), ...(open === undefined ? {} : { open }) }) as unknown as Assessment;
const evaluate = (remediators: readonly Remediator[], finding: Finding = invocation()): Promise<readonly Evaluation[]> =>
  createRedress({
    remediators,
    policy: definePolicy({ version: 1, configRules: { 'acme-lamps': 'LAMP_OFF' } }),
    connect: async () => ({ config: {}, identity: async () => ({ account: ACCOUNT, arn: `arn:aws:sts::${ACCOUNT}:assumed-role/redress/x` }) }),
  }).evaluate(finding);
const refused = async (remediators: readonly Remediator[], finding?: Finding) => {
  const error = await evaluate(remediators, finding).then(
    () => null,
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(RedressError);
  const { code, retryable } = error as RedressError;
  return { code, retryable };
};

describe('a verdict', () => {
  it.each<[string, readonly Assessment[], string, string]>([
    ['compliant', [{ status: 'compliant' }], 'COMPLIANT', 'There is nothing to change.'],
    [
      'compliant, with its message',
      [
        { status: 'compliant', message: 'It is off.' },
        { status: 'compliant', message: 'It stays off.' },
      ],
      'COMPLIANT',
      'It is off.; It stays off.',
    ],
    ['a change', [change(undefined, 'switch off', 'unplug')], 'NON_COMPLIANT', 'To do: switch off; To do: unplug'],
    ['a change that leaves something open', [change(['the bulb is hot'], 'switch off')], 'NON_COMPLIANT', 'To do: switch off; the bulb is hot'],
    ['manual steps', [{ status: 'manual', message: 'Call a person.' }], 'NON_COMPLIANT', 'Call a person.'],
    ['one is open, the other compliant', [{ status: 'compliant' }, { status: 'manual', message: 'No.' }], 'NON_COMPLIANT', 'No.'],
    [
      'one is compliant, the other does not apply',
      [
        { status: 'not-applicable', reason: 'No lamp.' },
        { status: 'compliant', message: 'Yes.' },
      ],
      'COMPLIANT',
      'Yes.',
    ],
    [
      'none applies',
      [
        { status: 'not-applicable', reason: 'No lamp.' },
        { status: 'not-applicable', reason: 'No bulb.' },
      ],
      'NOT_APPLICABLE',
      'No lamp.; No bulb.',
    ],
  ])('%s', async (_name, seen, compliance, annotation) => {
    expect(await evaluate(seen.map((each, at) => knows(each, { id: `lamp-${at}` })))).toEqual([
      { resourceType: LAMP, resourceId: 'l-1', orderingTimestamp: OBSERVED, compliance, annotation },
    ]);
  });

  it.each([
    [256, `${'x'.repeat(256)}`],
    [257, `${'x'.repeat(255)}…`],
  ])('has at most 256 characters, even of %i', async (length, annotation) => {
    const [only] = await evaluate([knows({ status: 'manual', message: 'x'.repeat(length) })]);
    expect(only?.annotation).toBe(annotation);
    expect(only?.annotation).toHaveLength(256);
  });

  it('is for each resource under the name from Config, by the remediators of its type and rule', async () => {
    const resources = [
      { type: LAMP, id: 'l-1', rawType: 'AWS::Test::OldLamp', rawId: 'arn:l-1' },
      { type: 'AWS::Test::Fan', id: 'f-1' },
    ];
    const others = [knows({ status: 'manual', message: 'Not asked.' }, { id: 'other', configRules: ['OTHER'] })];
    const two = { configRules: ['LAMP_DIM', 'LAMP_OFF'] };
    expect(await evaluate([knows({ status: 'compliant' }, two), ...others], invocation({ configRule: 'acme-lamps', resources }))).toEqual([
      {
        resourceType: 'AWS::Test::OldLamp',
        resourceId: 'arn:l-1',
        orderingTimestamp: OBSERVED,
        compliance: 'COMPLIANT',
        annotation: 'There is nothing to change.',
      },
      {
        resourceType: 'AWS::Test::Fan',
        resourceId: 'f-1',
        orderingTimestamp: OBSERVED,
        compliance: 'NOT_APPLICABLE',
        annotation: 'No remediator handles resources of type AWS::Test::Fan.',
      },
    ]);
  });

  it.each<Partial<Finding>>([
    { state: 'ResourceDeleted' },
    { state: 'ResourceDeletedNotRecorded' },
    { state: 'ResourceNotRecorded' },
    { extra: { eventLeftScope: true } },
  ])('%j: does not apply, and nothing is read', async (over) => {
    expect(await evaluate([knows(new Error('nobody should look'))], invocation(over))).toEqual([
      {
        resourceType: LAMP,
        resourceId: 'l-1',
        orderingTimestamp: OBSERVED,
        compliance: 'NOT_APPLICABLE',
        annotation: 'The resource is gone, or out of the scope of the rule.',
      },
    ]);
  });

  it.each<Partial<Finding>>([{ state: 'OK' }, { extra: { eventLeftScope: false } }, { extra: { eventLeftScope: 'true' } }])('%j: is read', async (over) => {
    expect(await evaluate([knows({ status: 'compliant' })], invocation(over))).toMatchObject([{ compliance: 'COMPLIANT' }]);
  });
});

describe('on a schedule', () => {
  const scheduled = (over: Partial<Finding> = {}) => invocation({ kind: 'config-rule-invocation-scheduled', resources: [], ...over });
  it('the account is checked', async () => {
    expect(await evaluate([knows({ status: 'compliant' }, { resourceTypes: ['AWS::::Account'] })], scheduled())).toMatchObject([
      { resourceType: 'AWS::::Account', resourceId: ACCOUNT, compliance: 'COMPLIANT' },
    ]);
  });
  it('single resources are not checked', async () => {
    expect(await refused([knows({ status: 'compliant' })], scheduled())).toEqual({ code: 'evaluation/refused', retryable: false });
  });
});

describe('no verdict', () => {
  it.each<Partial<Finding>>([
    { disposition: 'candidate' },
    { kind: 'config-compliance-change' },
    { configRule: null },
    { account: null },
    { region: null },
    { observedAt: null },
    { configRule: 'a-rule-that-nobody-knows' },
  ])('is given on %j', async (over) => {
    expect(await refused([knows({ status: 'compliant' })], invocation(over))).toEqual({ code: 'evaluation/refused', retryable: false });
  });

  it.each([true, false])('is given on what could not be read; it may be read later: %s', async (retryable) => {
    const failing = knows(new RedressError('aws/throttled', 'slow down', { retryable }));
    expect(await refused([failing])).toEqual({ code: 'evaluation/unreadable', retryable });
    await expect(evaluate([failing])).rejects.toThrow('lamp-off: l-1 could not be read: slow down');
  });

  it('is given if no plan can be made, or if the resource cannot be identified or is in another account', async () => {
    const noPlan = knows(
      { status: 'compliant' },
      {
        plan: () => {
          throw new Error('a bug');
        },
      },
    );
    await expect(evaluate([noPlan])).rejects.toMatchObject({ code: 'evaluation/unreadable', message: 'lamp-off: l-1 could not be read: a bug' });
    const nameless = knows({ status: 'compliant' }, { identify: () => Promise.reject(new RedressError('aws/throttled', 'slow down', { retryable: true })) });
    expect(await refused([nameless])).toEqual({ code: 'evaluation/unreadable', retryable: true });
    const other = knows({ status: 'compliant' }, { identify: async () => null });
    expect(await refused([other])).toEqual({ code: 'evaluation/unreadable', retryable: false });
    await expect(evaluate([other])).rejects.toThrow('lamp-off: l-1 could not be read: it is not in this account');
  });
});
