import { describe, expect, expectTypeOf, it } from 'vitest';
import { isRedressError } from '../model/errors.js';
import { readPolicy, readRegister } from '../yaml.js';
import { closedWithin, definePolicy, environmentOf, graceOf, modeOf, type PolicyInput, parsePolicy } from './policy.js';
import { defineRegister, parseRegister } from './register.js';

const DEV = '111111111111';
const PROD = '333333333333';

/** The error that reading throws; fails the test when nothing is thrown. */
function refused(read: () => unknown) {
  try {
    read();
  } catch (error) {
    if (isRedressError(error)) return error;
    throw error;
  }
  throw new Error('It was accepted.');
}

describe('definePolicy', () => {
  it('only notifies of everything that it does not name', () => {
    const policy = definePolicy({ version: 1, environments: { dev: { accounts: [DEV] } }, remediators: { 'a-b': { dev: 'enforce' } } });
    expect(modeOf(policy, 'a-b', DEV)).toBe('enforce');
    expect(modeOf(policy, 'a-b', '999999999999')).toBe('notify');
    expect(modeOf(policy, 'c-d', DEV)).toBe('notify');
    expect(modeOf(policy, 'constructor', DEV)).toBe('notify');
    expect(modeOf(definePolicy({ version: 1 }), 'a-b', DEV)).toBe('notify');
  });

  it('does not apply the mode of one environment to another', () => {
    const environments = { dev: { accounts: [DEV] }, prod: { accounts: [PROD], after: 'none', because: 'a test' } } as const;
    const policy = definePolicy({ version: 1, environments, remediators: { 'a-b': { dev: 'enforce' } } });
    expect(modeOf(policy, 'a-b', DEV)).toBe('enforce');
    expect(modeOf(policy, 'a-b', PROD)).toBe('notify');
  });

  it('does not apply a single mode to an account without an environment, except off', () => {
    const policy = definePolicy({ version: 1, remediators: { 'a-b': 'enforce', 'c-d': 'off' } });
    expect(modeOf(policy, 'a-b', DEV)).toBe('notify');
    expect(modeOf(policy, 'c-d', DEV)).toBe('off');
  });

  it('has a digest that depends only on its meaning', () => {
    const one = definePolicy({ version: 1, remediators: { 'a-b': 'enforce' } });
    expect(definePolicy({ remediators: { 'a-b': 'enforce' }, version: 1 }).digest).toBe(one.digest);
    expect(definePolicy({ version: 1, remediators: { 'a-b': 'approve' } }).digest).not.toBe(one.digest);
  });

  it('finds the environment of an account', () => {
    const policy = definePolicy({
      version: 1,
      environments: { dev: { accounts: [DEV] }, prod: { accounts: [PROD], after: { environment: 'dev', fixes: 5, bake: 'P7D' } } },
    });
    expect(environmentOf(policy, PROD)).toMatchObject({ name: 'prod', after: { environment: 'dev', fixes: 5, bake: 7 * 86_400_000 } });
    expect(environmentOf(policy, '222222222222')).toBeNull();
  });

  it('has defaults for limits, tag and caution', () => {
    const { limits, exceptions, managedByIac, stop, freeze, windows, grace, deadlines, approvers, self, administrators } = definePolicy({ version: 1 });
    expect(limits).toEqual([
      { per: ['run'], changes: 25, window: 0 },
      { per: ['remediator', 'account'], changes: 10, window: 3_600_000 },
    ]);
    expect({ exceptions, managedByIac, stop }).toEqual({ exceptions: { tag: 'redress:exception', register: null }, managedByIac: 'approve', stop: 'none' });
    expect([freeze, windows, grace, deadlines, approvers, self, administrators]).toEqual([[], [], [], [], {}, [], []]);
    // None is none, not the default.
    expect(definePolicy({ version: 1, limits: [] }).limits).toEqual([]);
  });

  it('reminds a day before the end of a longer grace period, longest first', () => {
    const remindersOf = (period: string, remind?: readonly string[]) =>
      definePolicy({ version: 1, grace: [{ period, ...(remind === undefined ? {} : { remind }) }] }).grace[0]?.remind;
    expect(remindersOf('P7D')).toEqual([86_400_000]);
    expect(remindersOf('PT24H')).toEqual([]);
    expect(remindersOf('PT25H')).toEqual([86_400_000]);
    expect(remindersOf('P7D', [])).toEqual([]);
    expect(remindersOf('P7D', ['PT1H', 'P3D', 'P1D'])).toEqual([259_200_000, 86_400_000, 3_600_000]);
  });

  it('uses the shortest of several deadlines for a gap, whichever comes first', () => {
    const report = { id: 'a-report', ceiling: 'notify' } as const;
    const fix = { id: 'a-fix', ceiling: 'enforce' } as const;
    for (const first of [['P30D', 'P14D'] as const, ['P14D', 'P30D'] as const]) {
      const policy = definePolicy({
        version: 1,
        environments: { dev: { accounts: [DEV] }, prod: { accounts: [PROD], after: 'none', because: 'x' } },
        deadlines: [
          ...first.map((within) => ({ within, ceilings: ['notify', 'approve'] as const })),
          { within: 'P7D', environments: ['prod'] },
          { within: 'P2D', environments: ['prod'], remediators: ['a-fix'], ceilings: ['enforce'] },
        ],
      });
      const days = (...[remediator, account]: [typeof report | typeof fix, string]) => (closedWithin(policy, remediator, account) ?? 0) / 86_400_000;
      expect([days(report, DEV), days(report, PROD), days(fix, PROD), days(fix, DEV)]).toEqual([14, 7, 2, 0]);
      // An account of no environment has what holds everywhere.
      expect(days(report, '999999999999')).toBe(14);
    }
    expect(closedWithin(definePolicy({ version: 1 }), report, DEV)).toBeNull();
  });

  it('uses the longest of several grace periods, whichever comes first', () => {
    for (const periods of [
      ['P1D', 'P7D', 'P3D'],
      ['P7D', 'P3D', 'P1D'],
    ]) {
      const policy = definePolicy({
        version: 1,
        environments: { dev: { accounts: [DEV] }, prod: { accounts: [PROD], after: 'none', because: 'a test' } },
        grace: [...periods.map((period) => ({ period })), { environments: ['prod'], period: 'P30D' }, { remediators: ['c-d'], period: 'P31D' }],
      });
      expect(graceOf(policy, 'a-b', DEV)?.period).toBe(7 * 86_400_000);
      expect(graceOf(policy, 'a-b', PROD)?.period).toBe(30 * 86_400_000);
      expect(graceOf(policy, 'c-d', DEV)?.period).toBe(31 * 86_400_000);
      // In no environment what is of all of them holds.
      expect(graceOf(policy, 'a-b', '999999999999')?.period).toBe(7 * 86_400_000);
    }
    expect(graceOf(definePolicy({ version: 1 }), 'a-b', DEV)).toBeNull();
  });

  it('accepts any lower environment as the one that proves first', () => {
    const after = (environment: string) => ({ environment, fixes: 1, bake: 'P1D' });
    for (const lower of ['dev', 'test']) {
      const policy = definePolicy({
        version: 1,
        environments: {
          dev: { accounts: [DEV] },
          test: { accounts: ['222222222222'], after: after('dev') },
          prod: { accounts: [PROD], after: after(lower) },
        },
      });
      expect(environmentOf(policy, PROD)?.after).toEqual({ environment: lower, fixes: 1, bake: 86_400_000 });
    }
  });

  it.each([
    ['no version', {}, /version/],
    ['another version', { version: 2 }, /allowed: 1/],
    ['an unknown key', { version: 1, remediator: {} }, /"remediator" is not known/],
    ['an unknown mode', { version: 1, remediators: { 'a-b': 'enforced' } }, /allowed: enforce, approve, plan, notify, off/],
    ['an account as a number', { version: 1, environments: { dev: { accounts: [111111111111] } } }, /string/],
    ['a short account', { version: 1, environments: { dev: { accounts: ['123'] } } }, /12-digit/],
    ['an unknown environment', { version: 1, environments: { dev: { accounts: [DEV] } }, remediators: { 'a-b': { deb: 'enforce' } } }, /did you mean dev/],
    [
      'a single mode with two environments',
      { version: 1, environments: { dev: { accounts: [DEV] }, prod: { accounts: [PROD], after: 'none', because: 'x' } }, remediators: { 'a-b': 'enforce' } },
      /say for which: dev: enforce, prod: enforce/,
    ],
    ['a higher environment without after', { version: 1, environments: { dev: { accounts: [DEV] }, prod: { accounts: [PROD] } } }, /needs after/],
    ['after none without because', { version: 1, environments: { dev: { accounts: [DEV] }, prod: { accounts: [PROD], after: 'none' } } }, /because/],
    ['after a higher environment', { version: 1, environments: { dev: { accounts: [DEV], after: { environment: 'prod', fixes: 1, bake: 'P1D' } } } }, /lowest/],
    [
      'after an environment that is higher',
      {
        version: 1,
        environments: {
          dev: { accounts: [DEV] },
          test: { accounts: [PROD], after: { environment: 'prod', fixes: 1, bake: 'P1D' } },
          prod: { accounts: ['444444444444'], after: { environment: 'dev', fixes: 1, bake: 'P1D' } },
        },
      },
      /environments\.test\.after\.environment: "prod" is not a lower environment; allowed: dev$/m,
    ],
    [
      'after itself',
      { version: 1, environments: { dev: { accounts: [DEV] }, prod: { accounts: [PROD], after: { environment: 'prod', fixes: 1, bake: 'P1D' } } } },
      /"prod" is not a lower environment; allowed: dev$/m,
    ],
    [
      'after an unknown environment',
      { version: 1, environments: { dev: { accounts: [DEV] }, prod: { accounts: [PROD], after: { environment: 'staging', fixes: 1, bake: 'P1D' } } } },
      /"staging" is not a lower environment; allowed: dev$/m,
    ],
    [
      'an account in two environments',
      { version: 1, environments: { dev: { accounts: [DEV] }, prod: { accounts: [DEV], after: 'none', because: 'x' } } },
      /also in dev/,
    ],
    [
      'a grace period without an environment',
      { version: 1, grace: [{ period: 'P7D', environments: ['dev'] }] },
      /grace.0.environments.0.*is not an environment/s,
    ],
    [
      'a deadline without an environment',
      { version: 1, deadlines: [{ within: 'P7D', environments: ['dev'] }] },
      /deadlines.0.environments.0.*is not an environment/s,
    ],
    ['a deadline without a class', { version: 1, deadlines: [{ within: 'P7D', ceilings: ['auto'] }] }, /deadlines.0.ceilings.0/],
    ['a deadline without a time', { version: 1, deadlines: [{ ceilings: ['notify'] }] }, /deadlines.0/],
    ['an invalid grace period', { version: 1, grace: [{ period: '7 months' }] }, /is not a duration/],
    ['a grace period without a period', { version: 1, grace: [{ remind: ['P1D'] }] }, /grace.0/],
    ['a reminder at the first notice', { version: 1, grace: [{ period: 'P7D', remind: ['P7D'] }] }, /not shorter than the period/],
    ['a reminder twice', { version: 1, grace: [{ period: 'P7D', remind: ['P1D', 'PT24H'] }] }, /is there twice/],
    ['a limit without window', { version: 1, limits: [{ per: ['account'], changes: 1 }] }, /window is missing/],
    ['a limit without a key', { version: 1, limits: [{ per: [], changes: 1, window: 'PT1H' }] }, /nothing to count by/],
    ['a rule that permits', { version: 1, rules: [{ when: 'true', effect: 'allow', because: 'b' }] }, /"allow" is not allowed; allowed: approve, notify, deny/],
    ['a rule without a reason', { version: 1, rules: [{ when: 'true', effect: 'deny' }] }, /rules\.0\.because: is missing/],
    ['an approver that is everybody', { version: 1, approvers: { dev: ['*'] }, environments: { dev: { accounts: [] } } }, /is not the ARN of a role or user/],
    [
      'an approver that is an account',
      { version: 1, approvers: { dev: ['arn:aws:iam::111111111111:root'] }, environments: { dev: { accounts: [] } } },
      /is not the ARN/,
    ],
    [
      'a role as approver in the form of a session',
      { version: 1, approvers: { dev: ['arn:aws:sts::111111111111:assumed-role/Lead'] }, environments: { dev: { accounts: [] } } },
      /is not the ARN/,
    ],
    ['approvers without an environment', { version: 1, approvers: { prod: ['arn:aws:iam::111111111111:role/x'] } }, /"prod" is not an environment/],
    ['an empty list of approvers', { version: 1, approvers: { dev: [] }, environments: { dev: { accounts: [] } } }, /names nobody/],
    ['a window at an invalid time', { version: 1, windows: [{ from: '24:00', to: '04:00', timezone: 'UTC' }] }, /is not a time of day/],
    ['a window in an invalid zone', { version: 1, windows: [{ from: '22:00', to: '04:00', timezone: 'Mars/Olympus' }] }, /is not a time zone/],
    ['a window by an offset', { version: 1, windows: [{ from: '22:00', to: '04:00', timezone: '+10:00' }] }, /is not a time zone/],
    ['a window without a time', { version: 1, windows: [{ from: '22:00', to: '22:00', timezone: 'UTC' }] }, /is the same as from/],
    ['a window without a day', { version: 1, windows: [{ days: [], from: '22:00', to: '23:00', timezone: 'UTC' }] }, /names no day/],
    [
      'a window of an unknown environment',
      { version: 1, windows: [{ environments: ['x'], from: '22:00', to: '23:00', timezone: 'UTC' }] },
      /"x" is not an environment/,
    ],
    [
      'a freeze that ends before it begins',
      { version: 1, freeze: [{ from: '2026-12-20T00:00:00Z', to: '2026-12-20T00:00:00+11:00', reason: 'r' }] },
      /is not after from/,
    ],
    [
      'a freeze without an offset',
      { version: 1, freeze: [{ from: '2026-12-20', to: '2027-01-05T00:00:00Z', reason: 'r' }] },
      /not a date and time with an offset/,
    ],
    [
      'a freeze of an unknown environment',
      { version: 1, freeze: [{ environments: ['prod'], from: '2026-12-20T00:00:00Z', to: '2027-01-05T00:00:00Z', reason: 'r' }] },
      /"prod" is not an environment/,
    ],
    [
      'a freeze without an environment',
      { version: 1, freeze: [{ environments: [], from: '2026-12-20T00:00:00Z', to: '2027-01-05T00:00:00Z', reason: 'r' }] },
      /names no environment/,
    ],
    ['an invalid document', null, /object/],
  ])('refuses %s', (_name, input, message) => {
    const error = refused(() => parsePolicy(input));
    expect(error.code).toBe('policy/invalid');
    expect(error.message).toMatch(message);
  });

  it('reports every mistake at once', () => {
    expect(refused(() => parsePolicy({ version: 1, stop: 'maybe', limits: 3, other: 1 })).message).toMatch(/3 mistakes/);
  });
});

describe('readPolicy', () => {
  it('names file, line and column', () => {
    const text = 'version: 1\nenvironments:\n  dev: { accounts: ["111111111111"] }\nremediators:\n  ec2-x:\n    dev: enforced\n';
    const error = refused(() => readPolicy(text, 'redress.yaml'));
    expect(error.place).toEqual({ file: 'redress.yaml', line: 6, column: 5, path: 'remediators.ec2-x.dev' });
    expect(error.message).toContain('redress.yaml:6:5');
    expect(error.message).toContain('enforce, approve, plan, notify, off');
  });

  it('places an unknown key at the key', () => {
    expect(refused(() => readPolicy('version: 1\nremediator: {}\n', 'p.yaml')).place).toMatchObject({ line: 2, column: 1 });
  });

  it.each([
    ['a duplicate key', 'version: 1\nversion: 1\n'],
    ['broken YAML', 'version: [1\n'],
    ['an unknown tag', 'version: !!js/function 1\n'],
  ])('refuses %s with its line', (_name, text) => {
    const error = refused(() => readPolicy(text, 'p.yaml'));
    expect(error.code).toBe('policy/invalid');
    expect(error.place?.line).toBeGreaterThan(0);
  });

  it('refuses an empty file: an empty policy is not a policy', () => {
    expect(refused(() => readPolicy('', 'p.yaml')).code).toBe('policy/invalid');
  });

  it('keeps account ids that look like numbers apart from numbers', () => {
    expect(refused(() => readPolicy('version: 1\nenvironments:\n  dev: { accounts: [111111111111] }\n', 'p.yaml')).place?.line).toBe(3);
  });
});

describe('names of Config rules', () => {
  it.each(['', ' acme-ssh', 'acme-ssh ', `arn:aws:config:eu-west-1:${DEV}:config-rule/config-rule-a1b2c3`, 'config-rule-a1b2c3', 'x'.repeat(129)])(
    '%j is refused',
    (name) => {
      const error = refused(() => definePolicy({ version: 1, configRules: { [name]: 'INCOMING_SSH_DISABLED' } }));
      expect(error.message).toMatch(/is not the name of a Config rule/);
      expect(error.place?.path).toBe(`configRules.${name}`);
    },
  );
  it('names its line', () => {
    const text = 'version: 1\nconfigRules:\n  acme-ssh: INCOMING_SSH_DISABLED\n  "acme-rdp ": RESTRICTED_INCOMING_TRAFFIC\n';
    expect(refused(() => readPolicy(text, 'redress.yaml')).place).toMatchObject({ file: 'redress.yaml', line: 4 });
  });
});

describe('the types of a policy', () => {
  it('allow only valid values', () => {
    // @ts-expect-error: no policy
    expect(refused(() => definePolicy(42)).message).toMatch(/not an object/);
    // @ts-expect-error: no mode
    expect(refused(() => definePolicy({ version: 1, remediators: { 'a-b': 'enforced' } })).code).toBe('policy/invalid');
    // @ts-expect-error: no mode
    refused(() => definePolicy({ version: 1, environments: { dev: { accounts: [DEV] } }, remediators: { 'a-b': { dev: 'enforced' } } }));
    // @ts-expect-error: no section
    refused(() => definePolicy({ version: 1, remediator: {} }));
    // @ts-expect-error: no text
    refused(() => definePolicy({ version: 1, environments: { dev: { accounts: [111111111111] } } }));
    // @ts-expect-error: no register
    refused(() => defineRegister({}));
    // @ts-expect-error: an entry without an end
    refused(() => defineRegister([{ id: 'EXC-1', scope: { account: DEV }, reason: 'r', owner: 'a', approver: 'b' }]));
    expectTypeOf(definePolicy).parameters.toEqualTypeOf<[input: PolicyInput]>();
    expectTypeOf<PolicyInput['managedByIac']>().toEqualTypeOf<'approve' | 'notify' | 'allow' | undefined>();
    expectTypeOf<unknown>().not.toExtend<PolicyInput>();
  });

  it('accept constants, and parameters of any kind', () => {
    const constant = { version: 1, environments: { dev: { accounts: [DEV] } }, limits: [{ per: ['account'], changes: 1, window: 'PT1H' }] } as const;
    expect(definePolicy(constant).limits).toEqual([{ per: ['account'], changes: 1, window: 3_600_000 }]);
    expect(definePolicy({ ...constant, remediators: { 'a-b': { dev: 'plan', parameters: { days: 7 } } } }).remediators['a-b']).toEqual({
      modes: { dev: 'plan' },
      parameters: { days: 7 },
    });
  });

  it('leave unknown input to another function', () => {
    expectTypeOf(parsePolicy).parameter(0).toBeUnknown();
    expectTypeOf(parseRegister).parameter(0).toBeUnknown();
    const unknown: unknown = { version: 1, stop: 'changes' };
    expect(parsePolicy(unknown).stop).toBe('changes');
    expect(parsePolicy(unknown).digest).toBe(definePolicy({ version: 1, stop: 'changes' }).digest);
  });
});

describe('all mistakes of a policy are reported at once', () => {
  const text = `version: 1
stopp: none
environments:
  dev: { accounts: [111111111111, "222222222222"] }
  prod: { accounts: ["333333333333"], after: { environment: dev, fixes: 0, bake: P7D } }
remediators:
  a-b: { dev: enforced }
  c-d: { devv: enforce }
  e-f: enforce
limits:
  - { per: [account], changes: -1, window: PT1H }
  - { per: [account], changes: 5001, window: PT1H }
grace:
  - { period: P99999999999D }
  - { period: P7D, remediators: [nobody], remind: [P8D] }
`;

  it('those of form, meaning and composition, each with its position', () => {
    const { mistakes, place, message } = refused(() =>
      readPolicy(text, 'p.yaml', (policy) => [
        ...Object.keys(policy.remediators).map((id) => ({ path: ['remediators', id], message: 'is no remediator' })),
        { path: ['grace', 0, 'remediators', 0], message: 'is no remediator' },
      ]),
    );
    expect(mistakes.map(({ place: { line, path }, message: what }) => [line, path, what])).toEqual([
      [4, 'environments.dev.accounts.0', '111111111111 is not a string: quote it ("111111111111")'],
      [5, 'environments.prod.after.fixes', '0: must be 1 or more'],
      [11, 'limits.0.changes', '-1: must be 0 or more'],
      [14, 'grace.0.period', '"P99999999999D": is longer than 366 days'],
      [2, 'stopp', '"stopp" is not known here'],
      [7, 'remediators.a-b.dev', '"enforced" is not allowed; allowed: enforce, approve, plan, notify, off'],
      [8, 'remediators.c-d.devv', '"devv" is not an environment (did you mean dev?); allowed: dev, prod, parameters'],
      [9, 'remediators.e-f', 'a single mode is only possible with one environment; say for which: dev: enforce, prod: enforce'],
      [12, 'limits.1.changes', '5001 is above the most that a journal counts in a window: 5000'],
      [15, 'grace.1.remind.0', 'is not shorter than the period: that is the first notice'],
      [7, 'remediators.a-b', 'is no remediator'],
      [8, 'remediators.c-d', 'is no remediator'],
      [9, 'remediators.e-f', 'is no remediator'],
      [15, 'grace.1.remediators.0', 'is no remediator'],
    ]);
    expect(place).toEqual(mistakes[0]?.place);
    for (const { place: at } of mistakes) expect(message).toContain(`p.yaml:${at.line}:${at.column}`);
  });

  it('those of one environment do not affect the others', () => {
    const { mistakes } = refused(() =>
      parsePolicy({
        version: 1,
        environments: { dev: { accounts: ['x'] }, prod: { accounts: [PROD], after: { environment: 'dev', fixes: 1, bake: 'P1D' } } },
        approvers: { dev: ['arn:aws:iam::111111111111:role/x'] },
        remediators: { 'a-b': { dev: 'enforce', prod: 'plan' } },
      }),
    );
    expect(mistakes.map(({ place }) => place.path)).toEqual(['environments.dev.accounts.0']);
  });

  it('those after a missing version', () => {
    const { mistakes } = refused(() => parsePolicy({ remediators: { 'a-b': 'enforced' }, securityHub: { administrators: [111111111111] } }));
    expect(mistakes.map(({ place }) => place.path)).toEqual(['version', 'remediators.a-b', 'securityHub.administrators.0']);
  });

  it('a limit for a run is not limited by the journal', () => {
    expect(definePolicy({ version: 1, limits: [{ per: ['run'], changes: 5001 }] }).limits).toHaveLength(1);
    expect(definePolicy({ version: 1, limits: [{ per: ['account'], changes: 5000, window: 'P366D' }] }).limits).toHaveLength(1);
    expect(refused(() => parsePolicy({ version: 1, limits: [{ per: ['account'], changes: 1, window: 'P367D' }] })).message).toMatch(/longer than 366 days/);
  });
});

describe('an invalid policy file', () => {
  const line = (text: string) => refused(() => readPolicy(text, 'p.yaml')).place?.line;

  it.each([
    ['a day that does not exist', 'version: 1\nfreeze:\n  - { from: "2026-02-30T00:00:00Z", to: "2026-03-05T00:00:00Z", reason: r }\n', 3],
    ['an alias of itself', 'version: 1\nrules: &a\n  - *a\n', 3],
    ['a map that holds itself', 'version: 1\nremediators: &a\n  x: { parameters: *a }\n', 3],
    ['an unknown alias', 'version: 1\nremediators:\n  x: *nobody\n', 3],
    ['__proto__', 'version: 1\nremediators:\n  __proto__: enforce\n', 3],
    ['__proto__ as an environment', 'version: 1\nenvironments:\n  __proto__: { accounts: [] }\n', 3],
    ['__proto__ in parameters', 'version: 1\nremediators:\n  x:\n    parameters: { __proto__: { days: 1 } }\n', 4],
    ['a number that JSON does not have', 'version: 1\nremediators:\n  x: { parameters: { days: .inf } }\n', 3],
  ])('%s', (_what, text, at) => {
    expect(line(text)).toBe(at);
  });

  it('with aliases that would fill the memory, at the last of them', () => {
    const bomb = ['version: 1', 'rules:', '  - &l0 [x, x, x, x, x, x, x, x, x, x]'];
    for (let n = 1; n < 10; n++)
      bomb.push(
        `  - &l${n} [${Array(10)
          .fill(`*l${n - 1}`)
          .join(', ')}]`,
      );
    expect(line(bomb.join('\n'))).toBe(12);
  });

  it('an environment with the name of a member of every object has no mode', () => {
    const environments = { constructor: { accounts: [DEV] } };
    expect(modeOf(definePolicy({ version: 1, environments, remediators: { 'a-b': {} } }), 'a-b', DEV)).toBe('notify');
  });

  it('every mistake of YAML is reported', () => {
    const { mistakes } = refused(() => readPolicy('version: 1\nversion: 1\nstop: none\nstop: none\n', 'p.yaml'));
    expect(mistakes.map(({ place }) => place.line)).toEqual([2, 4]);
  });
});

describe('files from editors', () => {
  const entry = '- id: EXC-1\n  scope: { account: "111111111111" }\n  reason: r\n  owner: a\n  approver: b\n  expires: "2026-12-31T00:00:00Z"\n';

  it('with a byte order mark are read', () => {
    expect(readPolicy('\ufeffversion: 1\nstop: changes\n', 'p.yaml').stop).toBe('changes');
    expect(readRegister(`\ufeff${entry}${entry.replace('EXC-1', 'EXC-2')}`, 'e.yaml').entries.map(({ id }) => id)).toEqual(['EXC-1', 'EXC-2']);
    expect(refused(() => readRegister(`\ufeff${entry}${entry}`, 'e.yaml')).place).toMatchObject({ line: 7 });
  });

  it('as UTF-16 are refused with that reason', () => {
    const text = Buffer.from('\ufeffversion: 1\n', 'utf16le').toString('utf8');
    expect(refused(() => readPolicy(text, 'p.yaml'))).toMatchObject({ place: { line: 1 }, message: expect.stringMatching(/not UTF-8/) });
  });

  it.each([
    ['111111111111', '"111111111111"'],
    // YAML takes the zero away.
    ['012345678901', '"012345678901"'],
  ])('with an unquoted account are read: %s', (given, meant) => {
    const policy = refused(() => readPolicy(`version: 1\nenvironments:\n  dev: { accounts: [${given}] }\n`, 'p.yaml'));
    expect(policy.message).toContain(`quote it (${meant})`);
    expect(policy.place?.line).toBe(3);
    expect(refused(() => readRegister(entry.replace('"111111111111"', given), 'e.yaml')).message).toContain(`quote it (${meant})`);
    expect(refused(() => readPolicy(`version: 1\nsecurityHub: { administrators: [${given}] }\n`, 'p.yaml')).message).toContain(`quote it (${meant})`);
  });
});

describe('defineRegister', () => {
  const entry = { id: 'EXC-1', scope: { account: DEV }, reason: 'r', owner: 'payments', approver: 'security', expires: '2026-12-31T00:00:00Z' };

  it('reads single values and lists alike', () => {
    const [one] = defineRegister([{ ...entry, scope: { account: [DEV], resource: ['sg-1', 'sg-2'], tag: 'team=a=b' } }]).entries;
    expect(one?.scope).toMatchObject({ accounts: [DEV], resources: [{ id: 'sg-1' }, { id: 'sg-2' }], tags: [{ key: 'team', value: 'a=b' }] });
  });

  it.each([
    ['no expiry', { expires: undefined }, /expires/],
    ['an expiry without an offset', { expires: '2026-12-31T00:00:00' }, /offset/],
    ['an invalid expiry', { expires: '2026-13-31T00:00:00Z' }, /date and time/],
    ['an expiry on a day that does not exist', { expires: '2026-02-30T00:00:00Z' }, /date and time/],
    ['an expiry on 29 February of another year', { expires: '2027-02-29T00:00:00+11:00' }, /date and time/],
    ['the owner as approver', { approver: ' Payments' }, /cannot approve their own/],
    ['an empty scope', { scope: {} }, /exempt everything/],
    ['a scope with only a remediator', { scope: { remediators: 'a-b' } }, /exempt everything/],
    ['a wildcard', { scope: { resource: '*' } }, /wildcard/],
    ['a wildcard inside', { scope: { account: DEV, resource: 'sg-*' } }, /wildcard/],
    ['a space at the end', { scope: { account: DEV, resource: 'sg-1 ' } }, /space/],
    ['an ARN of an unknown form', { scope: { resource: 'arn:aws:nowhere:::x' } }, /ARN of an unknown form/],
    ['an invalid region', { scope: { account: DEV, region: 'Ireland' } }, /is not a region/],
    ['a type of Security Hub', { scope: { account: DEV, resourceType: 'AwsS3Bucket' } }, /not a CloudFormation type/],
    ['an empty list', { scope: { account: DEV, resource: [] } }, /empty/],
    ['an empty text', { scope: { account: DEV, resource: '' } }, /empty/],
    ['a tag without value', { scope: { tag: 'team' } }, /key=value/],
    ['an unknown region', { scope: { account: DEV, region: 'us-east-9' } }, /"us-east-9": is not a region that this version knows \(did you mean us-east-/],
    ['an id in capitals', { scope: { resource: 'SG-0123456789ABCDEF0' } }, /ids are lower case \(did you mean sg-0123456789abcdef0\?\)/],
    ['a short id in capitals', { scope: { resource: 'SG-0abc' } }, /did you mean sg-0abc\?/],
    ['an id with a digit missing', { scope: { resource: 'sg-0123456789abcdef' } }, /8 or 17 digits/],
    ['an id with a digit too many', { scope: { resource: ['sg-0123456789abcdef01'] } }, /8 or 17 digits/],
    ['the ARN of an id in capitals', { scope: { resource: `arn:aws:ec2:us-east-1:${DEV}:security-group/SG-0123456789ABCDEF0` } }, /lower case/],
    ['an ARN in an unknown region', { scope: { resource: `arn:aws:ec2:us-east-9:${DEV}:security-group/sg-0123456789abcdef0` } }, /not a region/],
    ['an ARN with an invalid account id', { scope: { resource: 'arn:aws:ec2:us-east-1:1111:security-group/sg-0123456789abcdef0' } }, /account id is not valid/],
    ['an access key', { scope: { resource: 'AKIAIOSFODNN7EXAMPLE' } }, /name its user/],
    ['the unique id of a user', { scope: { resource: 'AIDAIOSFODNN7EXAMPLE' } }, /give the name/],
    ['an object', { scope: { resource: 's3://invoices/2026/one.pdf' } }, /the whole bucket/],
    [
      'a page of the console without a resource',
      { scope: { resource: 'https://eu-west-1.console.aws.amazon.com/ec2/home?region=eu-west-1#Home:' } },
      /names no resource/,
    ],
    ['a tag with spaces around =', { scope: { tag: 'team = vendor' } }, /did you mean team=vendor\?/],
    ['a tag with a space at the end', { scope: { tag: ['a=b', 'team=vendor '] } }, /did you mean team=vendor\?/],
    ['a tag key that is too long', { scope: { tag: `${'k'.repeat(129)}=v` } }, /128 characters/],
    ['an unknown member', { scope: { accounts: DEV } }, /"accounts" is not known/],
  ])('refuses %s', (_name, over, message) => {
    const error = refused(() => parseRegister([{ ...entry, ...over }]));
    expect(error.code).toBe('register/invalid');
    expect(error.message).toMatch(message);
  });

  const GROUP = { id: 'sg-0123456789abcdef0', account: null, region: null };
  it.each([
    ['sg-0123456789abcdef0', { ...GROUP, type: null }],
    ['sg-0123456789abcdef0 / web servers', { ...GROUP, type: null }],
    ['sg-0123456789abcdef0 (web)', { ...GROUP, type: null }],
    ['sg-0123456789abcdef0 - default', { ...GROUP, type: null }],
    ['web (sg-0123456789abcdef0)', { ...GROUP, type: null }],
    ['web | sg-0123456789abcdef0', { ...GROUP, type: null }],
    ['AWS::EC2::SecurityGroup:sg-0123456789abcdef0', { ...GROUP, type: 'AWS::EC2::SecurityGroup' }],
    ['AwsEc2SecurityGroup sg-0123456789abcdef0', { ...GROUP, type: 'AWS::EC2::SecurityGroup' }],
    [`AWS::EC2::SecurityGroup sg-0123456789abcdef0 (${DEV}, eu-west-1)`, { ...GROUP, type: 'AWS::EC2::SecurityGroup', account: DEV, region: 'eu-west-1' }],
    [`AWS::IAM::User alice (${DEV}, aws-global)`, { id: 'alice', type: 'AWS::IAM::User', account: DEV, region: null }],
    [`arn:aws:ec2:eu-west-1:${DEV}:security-group/sg-0123456789abcdef0`, { ...GROUP, type: 'AWS::EC2::SecurityGroup', account: DEV, region: 'eu-west-1' }],
    [
      `arn:aws:ec2:eu-west-1:${DEV}:security-group-rule/sgr-0123456789abcdef0`,
      { id: 'sgr-0123456789abcdef0', type: 'AWS::EC2::SecurityGroupIngress', account: DEV, region: 'eu-west-1' },
    ],
    [`arn:aws:logs:eu-west-1:${DEV}:log-group:/acme/orders:*`, { id: '/acme/orders', type: 'AWS::Logs::LogGroup', account: DEV, region: 'eu-west-1' }],
    ['arn:aws:s3:::invoices', { id: 'invoices', type: 'AWS::S3::Bucket', account: null, region: null }],
    ['s3://invoices/', { id: 'invoices', type: 'AWS::S3::Bucket', account: null, region: null }],
    [
      'https://eu-west-1.console.aws.amazon.com/ec2/home?region=eu-west-1#SecurityGroup:groupId=sg-0123456789abcdef0',
      { ...GROUP, type: 'AWS::EC2::SecurityGroup', region: 'eu-west-1' },
    ],
    [
      'https://eu-west-1.console.aws.amazon.com/ec2/home?region=eu-west-1#InstanceDetails:instanceId=i-0123456789abcdef0',
      { id: 'i-0123456789abcdef0', type: 'AWS::EC2::Instance', account: null, region: 'eu-west-1' },
    ],
    [
      'https://us-east-1.console.aws.amazon.com/s3/buckets/invoices?region=us-east-1&bucketType=general&tab=objects',
      { id: 'invoices', type: 'AWS::S3::Bucket', account: null, region: null },
    ],
    [
      'https://us-east-1.console.aws.amazon.com/iam/home?region=us-east-1#/users/details/alice?section=permissions',
      { id: 'alice', type: 'AWS::IAM::User', account: null, region: null },
    ],
    [
      'https://eu-west-1.console.aws.amazon.com/cloudwatch/home?region=eu-west-1#logsV2:log-groups/log-group/$252Facme$252Forders',
      { id: '/acme/orders', type: 'AWS::Logs::LogGroup', account: null, region: 'eu-west-1' },
    ],
    [
      'https://eu-west-1.console.aws.amazon.com/kms/home?region=eu-west-1#/kms/keys/1234abcd-12ab-34cd-56ef-1234567890ab',
      { id: '1234abcd-12ab-34cd-56ef-1234567890ab', type: 'AWS::KMS::Key', account: null, region: 'eu-west-1' },
    ],
    ['vpc-flow-logs', { id: 'vpc-flow-logs', type: null, account: null, region: null }],
    ['/aws/vpc/vpc-0123456789abcdef0', { id: '/aws/vpc/vpc-0123456789abcdef0', type: null, account: null, region: null }],
    [
      'https://sqs.eu-west-1.amazonaws.com/111111111111/orders',
      { id: 'https://sqs.eu-west-1.amazonaws.com/111111111111/orders', type: null, account: null, region: null },
    ],
  ])('understands %s', (resource, expected) => {
    expect(defineRegister([{ ...entry, scope: { resource } }]).entries[0]?.scope.resources).toEqual([expected]);
  });

  it.each([
    ['__proto__', '- __proto__: { id: EXC-1 }\n', 1],
    ['a circular value', '- &a\n  id: EXC-1\n  scope: *a\n', 3],
  ])('refuses %s with its line', (_name, text, line) => {
    expect(refused(() => readRegister(text, 'e.yaml'))).toMatchObject({ code: 'register/invalid', place: { line } });
  });

  it('refuses one id for two entries', () => {
    expect(refused(() => defineRegister([entry, entry])).message).toMatch(/used twice/);
  });

  it('names file and line', () => {
    const text = '- id: EXC-1\n  scope: { account: "111111111111" }\n  reason: r\n  owner: a\n  approver: a\n  expires: "2026-12-31T00:00:00Z"\n';
    expect(refused(() => readRegister(text, 'exceptions.yaml')).place).toMatchObject({ file: 'exceptions.yaml', line: 5 });
  });

  it('reads an empty register', () => {
    expect(readRegister('[]', 'exceptions.yaml').entries).toEqual([]);
    expect(readRegister('# nobody is exempt\n[]\n', 'exceptions.yaml').entries).toEqual([]);
  });

  it.each([
    ['no bytes', ''],
    ['only a comment', '# accepted risks\n'],
    ['only a document marker', '---'],
    ['spaces', ' \n\n'],
    ['a byte order mark', '\ufeff'],
    ['null', 'null\n'],
    ['a tilde', '~'],
  ])('refuses a file of %s: a truncated file would end what people agreed on', (_name, text) => {
    const error = refused(() => readRegister(text, 'exceptions.yaml'));
    expect(error.code).toBe('register/invalid');
    expect(error.message).toContain('written as []');
    expect(error.place).toMatchObject({ file: 'exceptions.yaml', line: 1 });
  });

  it('refuses missing data', () => {
    for (const input of [undefined, null]) expect(refused(() => parseRegister(input)).code).toBe('register/invalid');
  });
});
