import { describe, expect, it } from 'vitest';
import type { Finding } from '../model/finding.js';
import type { ResourceRef } from '../model/resource.js';
import { definePolicy } from '../policy/policy.js';
import type { Remediator } from '../remediator/define.js';
import { resourceOf, route } from './route.js';

const ACCOUNT = '111111111111';
const LAMP = 'AWS::Test::Lamp';
const policy = definePolicy({ version: 1 });

const finding = (over: Partial<Finding> = {}): Finding => ({
  id: 'f-1',
  source: 'config',
  kind: 'config-compliance-change',
  disposition: 'candidate',
  reason: '',
  account: ACCOUNT,
  region: 'eu-west-1',
  resources: [{ type: LAMP, id: 'l-1' }],
  controls: [],
  configRule: null,
  state: null,
  previousState: null,
  actor: null,
  observedAt: '2026-11-24T10:00:00Z',
  call: null,
  replayed: false,
  envelope: null,
  via: [],
  itemId: null,
  extra: {},
  ...over,
});
const lamp = (over: Partial<Remediator> = {}): Remediator =>
  ({
    id: 'lamp-off',
    resourceTypes: [LAMP],
    controls: [{ framework: 'aws-fsbp', id: 'Lamp.1' }],
    configRules: ['LAMP_OFF'],
    apiCalls: {},
    breadth: 0,
    global: false,
    whenResolved: false,
    ...over,
  }) as unknown as Remediator;

const asked = (given: Finding, remediators: readonly Remediator[] = [lamp()], under = policy) =>
  route(given, remediators, under).routes.map(({ remediator, resource, ids }) => [remediator.id, resource.type, resource.id, resource.region, ...ids]);
const why = (given: Finding, remediators: readonly Remediator[] = [lamp()], under = policy) => {
  const { routes, reason } = route(given, remediators, under);
  expect(routes).toEqual([]);
  return reason;
};

describe('a control leads to its remediators', () => {
  it.each<[string, Partial<Finding>, Partial<Remediator>, boolean]>([
    ['by its id', { controls: ['Lamp.1'] }, {}, true],
    ['by any of several ids', { controls: ['Other.9', 'Lamp.1'] }, {}, true],
    ['not by the id of another', { controls: ['Lamp.10'] }, {}, false],
    ['of another framework by its name and its id', { controls: ['cis/4.1'] }, { controls: [{ framework: 'cis', id: '4.1' }] }, true],
    ['of another framework, not by the id alone', { controls: ['4.1'] }, { controls: [{ framework: 'cis', id: '4.1' }] }, false],
    ['of another framework, not by an id of the Foundational Best Practices', { controls: ['cis/Lamp.1'] }, {}, false],
    [
      'by one of several of its own',
      { controls: ['Lamp.2'] },
      {
        controls: [
          { framework: 'aws-fsbp', id: 'Lamp.1' },
          { framework: 'aws-fsbp', id: 'Lamp.2' },
        ],
      },
      true,
    ],
    ['by its Config rule', { configRule: 'lamp-off' }, {}, true],
    ['not by another Config rule', { configRule: 'lamp-on' }, {}, false],
    ['by the identifier of its Config rule', { configRule: 'acme', extra: { ruleIdentifier: 'LAMP_OFF' } }, {}, true],
    ['not by an invalid identifier', { configRule: 'acme', extra: { ruleIdentifier: ['LAMP_OFF'] } }, {}, false],
    ['by the check of another tool', { controls: ['prowler/lamp_off'] }, { controls: [], alsoFoundBy: { prowler: ['lamp_on', 'lamp_off'] } }, true],
    ['not by the same check of a third tool', { controls: ['trivy/lamp_off'] }, { controls: [], alsoFoundBy: { prowler: ['lamp_off'] } }, false],
    ['by a check among others', { controls: ['Other.1', 'prowler/lamp_off'] }, { controls: [], alsoFoundBy: { other: [], prowler: ['lamp_off'] } }, true],
  ])('%s', (_name, over, remediator, leads) => {
    expect(asked(finding(over), [lamp(remediator)])).toEqual(leads ? [['lamp-off', LAMP, 'l-1', 'eu-west-1', 'l-1']] : []);
  });

  it('only for resources of their types, each once', () => {
    const resources = [
      { type: LAMP, id: 'l-1' },
      { type: 'AWS::Test::Fan', id: 'f-1' },
      { type: LAMP, id: 'l-2', region: 'us-east-1' },
      { type: LAMP, id: 'l-3', region: '' },
      { type: LAMP, id: 'l-1' },
      { type: 'AWS::Test::Bulb', id: 'l-1' },
    ];
    const both = lamp({ resourceTypes: [LAMP, 'AWS::Test::Bulb'] });
    expect(asked(finding({ controls: ['Lamp.1'], resources }), [both])).toEqual([
      ['lamp-off', LAMP, 'l-1', 'eu-west-1', 'l-1'],
      ['lamp-off', LAMP, 'l-2', 'us-east-1', 'l-2'],
      ['lamp-off', LAMP, 'l-3', 'eu-west-1', 'l-3'],
      ['lamp-off', 'AWS::Test::Bulb', 'l-1', 'eu-west-1', 'l-1'],
    ]);
    expect(route(finding({ controls: ['Lamp.1'] }), [lamp()], policy).reason).toBe('');
  });

  it('narrow before wide, and by id if equally wide', () => {
    const all = [
      lamp({ id: 'wide', breadth: 10 }),
      lamp({ id: 'b', breadth: 1 }),
      lamp({ id: 'c', breadth: 1 }),
      lamp({ id: 'a', breadth: 1 }),
      lamp({ id: 'z' }),
    ];
    const before = all.map(({ id }) => id);
    expect(asked(finding({ controls: ['Lamp.1'] }), all).map(([id]) => id)).toEqual(['z', 'a', 'b', 'c', 'wide']);
    expect(all.map(({ id }) => id)).toEqual(before);
  });

  it('of another tool about the account, if the remediator is for accounts', () => {
    const account = lamp({ resourceTypes: ['AWS::::Account'], alsoFoundBy: { prowler: ['lamp_off'] } });
    const found = finding({ controls: ['prowler/lamp_off'], resources: [{ type: 'AWS::EC2::Volume', id: 'v' }] });
    expect(asked(found, [account])).toEqual([['lamp-off', 'AWS::::Account', ACCOUNT, 'eu-west-1', ACCOUNT]]);
    expect(asked({ ...found, account: null }, [account])).toEqual([]);
    expect(why({ ...found, account: null }, [account])).toBe('No remediator handles the control prowler/lamp_off.');
    // A control of AWS names the resource itself.
    expect(asked(finding({ controls: ['Lamp.1'], resources: [] }), [account])).toEqual([]);
  });
});

describe('a finding that is closed at the source', () => {
  const resolved = finding({ disposition: 'resolved', controls: ['Lamp.1'] });
  it('leads only to remediators that can act on that', () => {
    expect(asked(resolved, [lamp(), lamp({ id: 'flag-off', whenResolved: true })]).map(([id]) => id)).toEqual(['flag-off']);
    expect(why(resolved)).toBe('The source says that the gap is closed.');
  });
  it('leads to all as a candidate', () => {
    expect(asked({ ...resolved, disposition: 'candidate' }, [lamp({ whenResolved: true }), lamp({ id: 'lamp-two' })])).toHaveLength(2);
  });
});

it.each(['evaluate', 'record-only', 'ignored', 'rejected'] as const)('%s leads nowhere', (disposition) => {
  const given = finding({ disposition, controls: ['Lamp.1'] });
  expect(why({ ...given, reason: 'It is old.' })).toBe('It is old.');
  expect(why(given)).toBe(`Nothing to remediate (${disposition}).`);
});

describe('a change of tags', () => {
  const changed = (changedTagKeys: Finding['extra'][string], over: Partial<Finding> = {}) =>
    finding({ kind: 'tag-change', extra: { changedTagKeys }, ...over });
  it.each<[Finding['extra'][string], boolean]>([
    [['redress:exception'], true],
    [['team', 'Redress:EXCEPTION'], true],
    [['redress:exception', 'team'], true],
    [['team'], false],
    [['redress:exceptions'], false],
    [[], false],
    [[7, null], false],
    [[7, 'redress:exception'], true],
    ['redress:exception', false],
    [null, false],
  ])('%j', (keys, leads) => {
    expect(asked(changed(keys))).toEqual(leads ? [['lamp-off', LAMP, 'l-1', 'eu-west-1', 'l-1']] : []);
  });
  it("concerns the policy's tag in any case, and leads only to remediators of the resource", () => {
    const mine = definePolicy({ version: 1, exceptions: { tag: 'Acme:Waiver' } });
    expect(asked(changed(['acme:waiver']), [lamp(), lamp({ id: 'fan', resourceTypes: ['AWS::Test::Fan'] })], mine).map(([id]) => id)).toEqual(['lamp-off']);
    expect(why(changed(['redress:exception']), [lamp()], mine)).toBe('None of the tags that changed is the exception tag Acme:Waiver.');
    // A control that comes with it asks nobody.
    expect(asked(changed(['team'], { controls: ['Lamp.1'] }))).toEqual([]);
  });
});

describe('the end of a runbook', () => {
  const ended = (extra: Finding['extra']) => finding({ kind: 'automation-status', controls: ['Lamp.1'], extra });
  const starts = lamp({ runbook: { document: 'AWS-Lamp', waits: 60_000 } });
  it('leads to the remediator that starts it', () => {
    expect(asked(ended({ document: 'AWS-Lamp', automationExecutionId: 'x-1' }), [lamp({ id: 'other' }), starts])).toEqual([
      ['lamp-off', LAMP, 'automation-execution/x-1', 'eu-west-1', 'automation-execution/x-1'],
    ]);
  });
  it.each<Finding['extra']>([
    { document: 'AWS-Fan', automationExecutionId: 'x-1' },
    { document: 'AWS-Lamp' },
    { document: 'AWS-Lamp', automationExecutionId: 7 },
  ])('%j leads nowhere', (extra) => {
    expect(why(ended(extra), [starts])).toBe(`No remediator here starts the runbook ${extra['document']}.`);
  });
  it('without a document leads nowhere', () => {
    expect(why(ended({ automationExecutionId: 'x-1' }))).toBe('No remediator here starts the runbook that ended.');
  });
});

describe('a call', () => {
  const call = { service: 'lamp', operation: 'SwitchOn', request: { id: 'l-7' }, response: null, errorCode: null, readOnly: false };
  const made = (over: Partial<Finding> = {}) => finding({ kind: 'api-call', call, resources: [], ...over });
  const reading = (read: Remediator['apiCalls'][string], over: Partial<Remediator> = {}) => lamp({ apiCalls: { 'lamp:SwitchOn': read }, ...over });
  it('leads to the resource that its reader names, in the region of the call or its own', () => {
    const seen: unknown[] = [];
    const remediator = reading(
      (given) => (
        seen.push(given),
        [
          { id: 'l-7', subjects: [] },
          { id: 'l-8', region: 'us-east-1', subjects: [] },
        ]
      ),
    );
    expect(asked(made(), [remediator])).toEqual([
      ['lamp-off', LAMP, 'l-7', 'eu-west-1', 'l-7'],
      ['lamp-off', LAMP, 'l-8', 'us-east-1', 'l-8'],
    ]);
    expect(seen).toEqual([{ ...call, account: ACCOUNT, region: 'eu-west-1', actor: null }]);
  });
  it('leads nowhere without an account, a region, or a call', () => {
    const remediator = reading(() => [{ id: 'l-7', subjects: [] }]);
    for (const over of [{ account: null }, { region: null }, { call: null }]) expect(asked(made(over), [remediator])).toEqual([]);
    const unasked = reading(() => {
      throw new TypeError('nobody reads it');
    });
    for (const over of [{ account: null }, { region: null }]) expect(asked(made(over), [unasked])).toEqual([]);
    // Of another call nobody is asked, nor by a name that every object has.
    expect(asked(made({ call: { ...call, operation: 'SwitchOff' }, controls: ['Lamp.1'] }), [remediator])).toEqual([]);
  });
  it('reports to which remediators it leads, and to which not', () => {
    const none = () => [];
    expect(why(made(), [lamp()])).toBe('No remediator handles the call lamp:SwitchOn.');
    expect(why(made(), [reading(none), lamp({ id: 'x' })])).toBe('The call lamp:SwitchOn contains nothing that lamp-off looks for.');
    expect(why(made(), [reading(none), reading(none, { id: 'lamp-two' })])).toBe('The call lamp:SwitchOn contains nothing that lamp-off, lamp-two look for.');
  });
  it('that names something that cannot be a resource leads nowhere, and reports that', () => {
    expect(why(made(), [reading(() => [{ id: '', subjects: [] }])])).toMatch(/^Resource id /);
    // Of several the good ones are asked about.
    expect(
      asked(made(), [
        reading(() => [
          { id: '', subjects: [] },
          { id: 'l-7', subjects: [] },
        ]),
      ]),
    ).toHaveLength(1);
  });
  it('whose reader fails makes no claim: the error is thrown', () => {
    const broken = reading(() => {
      throw new TypeError('a bug');
    });
    expect(() => route(made(), [broken], policy)).toThrow(new TypeError('a bug'));
  });
});

describe('the reason why no remediator handles it', () => {
  const types = (over: Partial<Finding>, remediators?: readonly Remediator[], under?: typeof policy) => why(finding(over), remediators, under);
  it('names the control, or what else is known', () => {
    expect(types({ controls: ['Fan.1', 'Fan.2'] })).toBe('No remediator handles the control Fan.1, Fan.2.');
    expect(types({})).toBe('No remediator handles a config-compliance-change about AWS::Test::Lamp.');
    expect(types({ resources: [] })).toBe('No remediator handles a config-compliance-change about no resource that can be identified.');
  });
  it('names the types of the finding, and those of the remediators', () => {
    const fans = [
      { type: 'AWS::Test::Fan', id: 'f' },
      { type: 'AWS::Test::Fan', id: 'g' },
      { type: 'AWS::Test::Bell', id: 'b' },
    ];
    expect(
      types({ controls: ['Lamp.1'], resources: fans }, [
        lamp(),
        lamp({ id: 'lamp-two', resourceTypes: [LAMP, 'AWS::Test::Bulb'] }),
        lamp({ id: 'other', controls: [] }),
      ]),
    ).toBe('lamp-off, lamp-two: asked about AWS::Test::Fan, AWS::Test::Bell, but only for AWS::Test::Lamp, AWS::Test::Bulb.');
  });
  it('names the rule, how it was interpreted, and what to write in the policy', () => {
    expect(types({ configRule: 'acme', controls: ['Fan.1'], extra: { ruleIdentifier: 'FAN_ON' } })).toBe(
      'No remediator handles the Config rule acme, the control Fan.1: it is FAN_ON, which none of them covers.',
    );
    const mapped = definePolicy({ version: 1, configRules: { 'acme-*': 'FAN_ON', '*-lamp': 'BELL_ON' } });
    expect(types({ configRule: 'acme-fan' }, [lamp()], mapped)).toBe(
      'No remediator handles the Config rule acme-fan: it is FAN_ON, which none of them covers.',
    );
    expect(types({ configRule: 'acme-lamp' }, [lamp()], mapped)).toBe(
      'No remediator handles the Config rule acme-lamp: patterns in configRules of the policy take it for FAN_ON and for BELL_ON. Give the name itself an entry.',
    );
    expect(types({ configRule: 'acme' }, [lamp({ resourceTypes: ['AWS::Test::Bulb', LAMP], configRules: ['LAMP_OFF', 'lamp-off', 'LAMP_DIM'] })])).toBe(
      'No remediator handles the Config rule acme: what it checks is not known. If it is one of LAMP_OFF, LAMP_DIM, add to the policy: configRules: { "acme": LAMP_OFF }; a `*` in the name is any text.',
    );
    expect(types({ configRule: 'acme' }, [lamp({ resourceTypes: ['AWS::Test::Fan'] }), lamp({ configRules: ['lamp-off', 'x LAMP', 'LAMP x'] })])).toBe(
      'No remediator handles the Config rule acme, or AWS::Test::Lamp.',
    );
  });
});

describe('resourceOf', () => {
  const of = (global: boolean, region: string | null, own?: string): Pick<ResourceRef, 'region' | 'partition'> => {
    const found = resourceOf({ global }, { type: LAMP, id: 'l', ...(own === undefined ? {} : { region: own }) }, { account: ACCOUNT, region });
    return { region: found.region, partition: found.partition };
  };
  it('uses the region of the resource before that of the event, and one name for resources without a region', () => {
    expect(of(false, 'eu-west-1')).toEqual({ region: 'eu-west-1', partition: 'aws' });
    expect(of(false, 'eu-west-1', 'us-east-1')).toEqual({ region: 'us-east-1', partition: 'aws' });
    expect(of(false, null, 'cn-north-1')).toEqual({ region: 'cn-north-1', partition: 'aws-cn' });
    expect(of(true, 'cn-north-1', 'us-east-1')).toEqual({ region: 'aws-global', partition: 'aws-cn' });
    expect(() => of(false, null)).toThrow(expect.objectContaining({ code: 'resource/invalid' }));
  });
});
