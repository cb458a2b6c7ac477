// Every answer of every built-in guardrail, exactly: effect, code and data. What is not in this table is not an answer.
import { describe, expect, it } from 'vitest';
import { ACCOUNT, apiCallFinding, facts, group, NOW, revoke } from '../internal/testing/facts.js';
import { type Approval, type ClosedExecution, emptyView, type Grace, type StreamView } from '../journal.js';
import { RedressError } from '../model/errors.js';
import type { Finding } from '../model/finding.js';
import { digestOf } from '../model/json.js';
import { definePolicy } from '../policy/policy.js';
import { defineRegister } from '../policy/register.js';
import { approvalOf, dischargedBy } from './approval.js';
import { builtinGuardrails } from './builtin.js';
import { subjectsOf } from './fights.js';
import { freshness, type Shown, shownBy } from './freshness.js';
import { decide, decisive, type Facts, type Guardrail, known, unreadable } from './guardrail.js';
import { principal } from './principal.js';

const ID = 'ec2-revoke-sg-open-ssh';
const OTHER = '222222222222';
const named = (id: string) => builtinGuardrails.find((each) => each.id === id) as Guardrail;
const policy = (extra: object = {}) =>
  known(definePolicy({ version: 1, environments: { dev: { accounts: [ACCOUNT] } }, remediators: { [ID]: { dev: 'enforce' } }, ...extra }));
const by = (over: Partial<Finding>) => ({ trigger: { by: 'finding' as const, finding: apiCallFinding(over) } });
const from = (source: string | null, account: string | null = ACCOUNT) => ({
  id: 'e',
  source,
  detailType: 'x',
  account,
  region: null,
  time: null,
  replayName: null,
});
const past = (over: Partial<StreamView>) => ({ history: known({ ...emptyView('sha256:x'), ...over }) });
const call = { service: 'ec2', operation: 'AuthorizeSecurityGroupIngress', request: null, response: null, errorCode: null, readOnly: false };
const entry = (over: object = {}) => ({
  id: 'EXC-1',
  scope: { account: ACCOUNT, resource: 'sg-0abc' },
  reason: 'vendor',
  owner: 'a',
  approver: 'b',
  expires: new Date(NOW + 1000).toISOString(),
  ...over,
});
const closed = (over: Partial<ClosedExecution> = {}): ClosedExecution => ({
  execution: 'x-1',
  remediator: ID,
  planDigest: 'sha256:x',
  subjects: [revoke.subject ?? ''],
  outcome: 'remediated',
  begunAt: NOW - 1000,
  closedAt: NOW - 1000,
  sent: 1,
  verified: true,
  retryable: false,
  version: '1.0.0',
  parameters: '',
  drill: false,
  rollbackOf: null,
  ...over,
});
const iso = (time: number) => new Date(time).toISOString();
const tagged = known({ state: {}, tags: { 'Redress:Exception': 'x' } });
const untaggable = known({ state: {}, tags: 'untaggable' as const });
const gone = known('gone' as const);

const DAY = 86_400_000;
const TERMS = { period: 7 * DAY, remind: [DAY] };
const graced = policy({ grace: [{ period: 'P7D', remediators: [ID] }] });
/** Announced a week ago, and reminded of a day ago: over just now. */
const announced = (grace: Partial<Grace> = {}, { at = NOW, ...over }: Partial<Approval> & { at?: number } = {}): Approval => ({
  id: 'a-1',
  resource: group,
  remediator: ID,
  planDigest: digestOf({ plan: 1 }),
  subjects: [revoke.subject ?? ''],
  discharges: [],
  fresh: true,
  causedBy: [],
  requestedAt: NOW - 7 * DAY,
  expires: NOW + DAY,
  verdict: 'none',
  by: null,
  usedBy: null,
  grace: {
    ...TERMS,
    sent: [
      { notice: 0, at: at - 7 * DAY },
      { notice: 1, at: at - DAY },
    ],
    sending: null,
    ended: null,
    ...grace,
  },
  ...over,
});

type Row = readonly [guardrail: string, when: string, over: Partial<Facts>, effect: string, code: string, data?: object | undefined, hint?: string];
const rows: readonly Row[] = [
  ['kill-switch', 'off', {}, 'allow', 'go'],
  ['kill-switch', 'changes, beside the policy', { stop: known('changes') }, 'deny', 'stopped'],
  ['kill-switch', 'everything, beside the policy', { stop: known('everything') }, 'deny', 'stopped'],
  ['kill-switch', 'changes, in the policy', { policy: policy({ stop: 'changes' }) }, 'deny', 'stopped'],
  ['kill-switch', 'everything, in the policy', { policy: policy({ stop: 'everything' }) }, 'deny', 'stopped'],

  ['authenticity', 'sent by the service', {}, 'allow', 'authentic'],
  ['authenticity', 'asked for', { trigger: { by: 'request' } }, 'allow', 'asked'],
  ['authenticity', 'swept', { trigger: { by: 'sweep' } }, 'allow', 'asked'],
  ['authenticity', 'approved', { trigger: { by: 'approval', approval: 'a-1' } }, 'allow', 'asked'],
  ['authenticity', 'foreign credentials', { identity: known({ account: OTHER, arn: 'x' }), trigger: { by: 'sweep' } }, 'deny', 'foreign-account'],
  ['authenticity', 'a bare record', by({ envelope: null }), 'approve', 'no-envelope'],
  ['authenticity', 'asked for by Config', by({ kind: 'config-remediation', call: null, envelope: null }), 'allow', 'asked-by-config'],
  ['authenticity', 'the same out of a queue', by({ kind: 'config-remediation', call: null, envelope: null, via: ['sqs'] }), 'approve', 'no-envelope'],
  ['authenticity', 'the same in an envelope', by({ kind: 'config-remediation', call: null, envelope: from('aws.config') }), 'deny', 'wrong-source'],
  ['authenticity', 'of another source', by({ envelope: from('com.evil') }), 'deny', 'wrong-source'],
  ['authenticity', 'of another service', by({ envelope: from('aws.s3') }), 'deny', 'wrong-source'],
  ['authenticity', 'of no source', by({ envelope: from(null) }), 'deny', 'wrong-source'],
  ['authenticity', 'an API call without its call', by({ call: null, envelope: from('aws.ec2') }), 'deny', 'wrong-source'],
  ['authenticity', 'of a kind without a source', by({ kind: 'scheduled', call: null, envelope: from('aws.events') }), 'deny', 'wrong-source'],
  ['authenticity', 'Config', by({ kind: 'config-compliance-change', call: null, envelope: from('aws.config') }), 'allow', 'authentic'],
  ['authenticity', 'a Config item', by({ kind: 'configuration-item-change', call: null, envelope: from('aws.config') }), 'allow', 'authentic'],
  ['authenticity', 'Security Hub', by({ kind: 'finding-imported', call: null, envelope: from('aws.securityhub') }), 'allow', 'authentic'],
  ['authenticity', 'Security Hub v2', by({ kind: 'finding-imported-v2', call: null, envelope: from('aws.securityhub') }), 'allow', 'authentic'],
  ['authenticity', 'a custom action', by({ kind: 'finding-custom-action', call: null, envelope: from('aws.securityhub') }), 'allow', 'authentic'],
  ['authenticity', 'a tag', by({ kind: 'tag-change', call: null, envelope: from('aws.tag') }), 'allow', 'authentic'],
  ['authenticity', 'Config, with a call put in', by({ kind: 'config-compliance-change', call, envelope: from('aws.ec2') }), 'deny', 'wrong-source'],
  ['authenticity', 'sent by another account', by({ envelope: from('aws.ec2', OTHER) }), 'deny', 'foreign-envelope'],
  ['authenticity', 'sent by nobody', by({ envelope: from('aws.ec2', null) }), 'deny', 'foreign-envelope'],
  [
    'authenticity',
    'sent by the administrator of Security Hub',
    { ...by({ kind: 'finding-imported', call: null, envelope: from('aws.securityhub', OTHER) }), policy: policy({ securityHub: { administrators: [OTHER] } }) },
    'allow',
    'authentic',
  ],
  [
    'authenticity',
    'sent by another than the administrator',
    {
      ...by({ kind: 'finding-imported', call: null, envelope: from('aws.securityhub', '999999999999') }),
      policy: policy({ securityHub: { administrators: [OTHER] } }),
    },
    'deny',
    'foreign-envelope',
  ],
  [
    'authenticity',
    'sent by the administrator, but not Security Hub',
    { ...by({ envelope: from('aws.ec2', OTHER) }), policy: policy({ securityHub: { administrators: [OTHER] } }) },
    'deny',
    'foreign-envelope',
  ],

  ['replay', 'first-hand', {}, 'allow', 'first-hand'],
  ['replay', 'again', by({ replayed: true }), 'deny', 'replayed'],
  ['replay', 'again, by nobody', by({ replayed: true, envelope: null }), 'deny', 'replayed'],
  ['replay', 'a sweep', { trigger: { by: 'sweep' } }, 'allow', 'first-hand'],

  ['failed-call', 'succeeded', {}, 'allow', 'call-succeeded'],
  ['failed-call', 'failed', by({ call: { ...call, errorCode: 'UnauthorizedOperation' } }), 'deny', 'call-failed'],
  ['failed-call', 'only read', by({ call: { ...call, readOnly: true } }), 'deny', 'call-read-only'],
  ['failed-call', 'none', by({ call: null }), 'allow', 'no-call'],
  ['failed-call', 'a sweep', { trigger: { by: 'sweep' } }, 'allow', 'no-call'],

  ['self-event', 'someone else', {}, 'allow', 'other-actor'],
  ['self-event', 'nobody', by({ actor: null }), 'allow', 'no-actor'],
  ['self-event', 'a sweep', { trigger: { by: 'sweep' } }, 'allow', 'no-actor'],
  [
    'self-event',
    'the connected role, in another session',
    by({ actor: { arn: `arn:aws:sts::${ACCOUNT}:assumed-role/Redress/other`, type: 'AssumedRole', issuerArn: null, invokedBy: null } }),
    'deny',
    'own-call',
  ],
  [
    'self-event',
    'the connected role, by its issuer',
    by({ actor: { arn: null, type: 'AssumedRole', issuerArn: `arn:aws:iam::${ACCOUNT}:role/path/Redress`, invokedBy: null } }),
    'deny',
    'own-call',
  ],
  [
    'self-event',
    'the connected role, by one of two names',
    by({ actor: { arn: 'arn:aws:iam::1:user/x', type: 'AssumedRole', issuerArn: `arn:aws:iam::${ACCOUNT}:role/Redress`, invokedBy: null } }),
    'deny',
    'own-call',
  ],
  [
    'self-event',
    'another role that it acts as',
    {
      ...by({ actor: { arn: null, type: 'AssumedRole', issuerArn: `arn:aws:iam::${ACCOUNT}:role/RedressFix`, invokedBy: null } }),
      identity: known({ account: ACCOUNT, arn: `arn:aws:sts::${ACCOUNT}:assumed-role/Redress/x`, actsAs: [`arn:aws:iam::${ACCOUNT}:role/RedressFix`] }),
    },
    'deny',
    'own-call',
  ],
  ['self-event', 'a role that the policy names', { ...by({}), policy: policy({ self: [`arn:aws:iam::${ACCOUNT}:user/mallory`] }) }, 'deny', 'own-call'],
  ['self-event', 'without names', by({ actor: { arn: null, type: null, issuerArn: null, invokedBy: null } }), 'allow', 'other-actor'],

  ['mode', 'enforce', {}, 'allow', 'enforce', { mode: 'enforce', environment: 'dev' }],
  ...(['approve', 'plan', 'notify', 'off'] as const).map(
    (mode): Row => [
      'mode',
      mode,
      { policy: policy({ remediators: { [ID]: { dev: mode } } }) },
      mode === 'approve' ? 'approve' : mode === 'off' ? 'deny' : 'notify',
      `mode-${mode}`,
      { mode, environment: 'dev' },
    ],
  ),
  ['mode', 'in no environment', { resource: { ...group, account: OTHER } }, 'notify', 'mode-notify', { mode: 'notify', environment: null }],
  ['mode', 'not named', { policy: policy({ remediators: {} }) }, 'notify', 'mode-notify', { mode: 'notify', environment: 'dev' }],

  ['environments', 'the lowest', {}, 'allow', 'no-gate'],
  [
    'environments',
    'a higher one that does not enforce',
    {
      policy: policy({
        environments: { low: { accounts: [] }, dev: { accounts: [ACCOUNT], after: { environment: 'low', fixes: 1, bake: 'P1D' } } },
        remediators: { [ID]: { dev: 'approve' } },
      }),
    },
    'allow',
    'no-gate',
  ],

  ['freeze', 'none', {}, 'allow', 'no-freeze'],
  ...(
    [
      ['its first moment', NOW, NOW + 1, true],
      ['its end', NOW - 1, NOW, false],
      ['before it', NOW + 1, NOW + 2, false],
    ] as const
  ).map(
    ([when, start, end, on]): Row => [
      'freeze',
      when,
      { policy: policy({ freeze: [{ environments: ['dev'], from: iso(start), to: iso(end), reason: 'year end' }] }) },
      on ? 'notify' : 'allow',
      on ? 'frozen' : 'no-freeze',
      on ? { from: iso(start), to: iso(end), reason: 'year end' } : undefined,
    ],
  ),
  [
    'freeze',
    'of environments, in an account of none',
    {
      resource: { ...group, account: OTHER },
      policy: policy({ freeze: [{ environments: ['dev'], from: iso(NOW), to: iso(NOW + 1), reason: 'r' }] }),
    },
    'allow',
    'no-freeze',
  ],
  [
    'freeze',
    'of everything, in an account of none',
    { resource: { ...group, account: OTHER }, policy: policy({ freeze: [{ from: iso(NOW), to: iso(NOW + 1), reason: 'r' }] }) },
    'notify',
    'frozen',
    { from: iso(NOW), to: iso(NOW + 1), reason: 'r' },
  ],
  [
    'windows',
    'of environments, in an account of none',
    { resource: { ...group, account: OTHER }, policy: policy({ windows: [{ environments: ['dev'], from: '01:00', to: '02:00', timezone: 'UTC' }] }) },
    'allow',
    'no-window',
  ],

  ['ceiling', 'enforce', {}, 'allow', 'always-safe'],
  ['ceiling', 'approve', { remediator: { ...facts().remediator, ceiling: 'approve' } }, 'approve', 'ceiling-approve'],
  ['ceiling', 'notify', { remediator: { ...facts().remediator, ceiling: 'notify' } }, 'notify', 'ceiling-notify'],
  ['ceiling', 'irreversible', { changes: [revoke, { ...revoke, undo: { irreversible: 'gone' } }] }, 'approve', 'irreversible'],
  [
    'ceiling',
    'irreversible, and notify',
    { changes: [{ ...revoke, undo: { irreversible: 'gone' } }], remediator: { ...facts().remediator, ceiling: 'notify' } },
    'notify',
    'ceiling-notify',
  ],

  ['exceptions', 'none', {}, 'allow', 'no-exception', { expired: [] }],
  ['exceptions', 'gone', { observation: gone, register: known(defineRegister([entry()])) }, 'allow', 'gone'],
  [
    'exceptions',
    'live',
    { register: known(defineRegister([entry()])) },
    'exempt',
    'exception',
    { id: 'EXC-1', owner: 'a', approver: 'b', expires: iso(NOW + 1000) },
  ],
  [
    'exceptions',
    'live, by a tag',
    { register: known(defineRegister([entry({ scope: { tag: 'team=x' } })])), observation: known({ state: {}, tags: { team: 'x' } }) },
    'exempt',
    'exception',
    { id: 'EXC-1', owner: 'a', approver: 'b', expires: iso(NOW + 1000) },
  ],
  [
    'exceptions',
    'by a tag, of what has none',
    { register: known(defineRegister([entry({ scope: { tag: 'team=x' } })])), observation: untaggable },
    'allow',
    'no-exception',
    { expired: [] },
  ],
  ['exceptions', 'just ended', { register: known(defineRegister([entry({ expires: iso(NOW) })])) }, 'allow', 'exception-expired', { expired: ['EXC-1'] }],
  [
    'exceptions',
    'one ended, one live',
    { register: known(defineRegister([entry({ id: 'EXC-0', expires: iso(NOW - 1) }), entry()])) },
    'exempt',
    'exception',
    { id: 'EXC-1', owner: 'a', approver: 'b', expires: iso(NOW + 1000) },
  ],
  ['exceptions', 'a tag, first seen', { observation: tagged }, 'notify', 'tag-without-entry', { tag: 'redress:exception', until: iso(NOW + 3 * DAY) }],
  [
    'exceptions',
    'a tag, three days on',
    { observation: tagged, ...past({ tagFirstSeen: { [ID]: NOW - 3 * DAY } }) },
    'allow',
    'tag-without-effect',
    { tag: 'redress:exception' },
  ],
  [
    'exceptions',
    'a tag that only resembles it',
    { observation: known({ state: {}, tags: { 'redress:exceptions': 'x' } }) },
    'allow',
    'no-exception',
    { expired: [] },
    'sg-0abc has the tag redress:exceptions, which is not the exception tag redress:exception, and has no effect.',
  ],

  ['hazards', 'none', {}, 'allow', 'no-hazard'],
  ['hazards', 'one that asks', { hazards: [{ code: 'bastion', effect: 'approve', message: 'm' }] }, 'approve', 'bastion', { hazards: ['bastion'] }],
  [
    'hazards',
    'one that asks, and one that tells',
    {
      hazards: [
        { code: 'bastion', effect: 'approve', message: 'm' },
        { code: 'website', effect: 'notify', message: 'n' },
      ],
    },
    'notify',
    'website',
    { hazards: ['bastion', 'website'] },
  ],

  ['secrets', 'none', {}, 'allow', 'no-secret'],
  [
    'secrets',
    'in a call',
    { changes: [revoke, { ...revoke, call: { ...revoke.call, input: { GroupId: 'sg-0abc', Description: 'pw [redacted hmac:0123456789abcdef]' } } }] },
    'deny',
    'secret-in-plan',
    { changes: 1 },
  ],
  [
    'secrets',
    'in what takes it back',
    { changes: [{ ...revoke, undo: { calls: [{ ...revoke.call, input: { Note: '[redacted]' } }], restores: 'exact' } }] },
    'deny',
    'secret-in-plan',
    { changes: 1 },
  ],
  ['secrets', 'in what people are told of it', { changes: [{ ...revoke, summary: 'revoke [redacted hmac:0123456789abcdef]' }] }, 'allow', 'no-secret'],

  ['settling', 'settled', {}, 'allow', 'settled'],
  ['settling', 'just now', { lastChange: NOW }, 'deny', 'settling', { until: iso(NOW + 60_000) }],

  ['hold', 'none', {}, 'allow', 'no-hold'],
  [
    'hold',
    'in force',
    past({ holds: [{ remediator: ID, until: NOW + 1, owner: 'ops', execution: 'x-1' }] }),
    'notify',
    'held',
    { execution: 'x-1', until: iso(NOW + 1) },
  ],
  ['hold', 'just over', past({ holds: [{ remediator: ID, until: NOW, owner: 'ops', execution: 'x-1' }] }), 'allow', 'no-hold'],
  ['hold', 'of another remediator', past({ holds: [{ remediator: 'other', until: NOW + 1, owner: 'ops', execution: 'x-1' }] }), 'allow', 'no-hold'],
  [
    'hold',
    'of another remediator, on one of the same parts',
    past({ holds: [{ remediator: 'other', subjects: ['another', revoke.subject ?? ''], until: NOW + 1, owner: 'ops', execution: 'x-1' }] }),
    'notify',
    'held',
    { execution: 'x-1', until: iso(NOW + 1) },
  ],
  [
    'hold',
    'of another remediator, on another part',
    past({ holds: [{ remediator: 'other', subjects: ['another'], until: NOW + 1, owner: 'ops', execution: 'x-1' }] }),
    'allow',
    'no-hold',
  ],

  ['fights', 'one fix', past({ closed: [closed()] }), 'allow', 'no-fight'],
  [
    'fights',
    'two fixes',
    past({ closed: [closed({ execution: 'x-2' }), closed()] }),
    'notify',
    'contested',
    { executions: ['x-2', 'x-1'], actor: `arn:aws:iam::${ACCOUNT}:user/mallory` },
  ],
  [
    'fights',
    'two flags, found by a sweep',
    { ...past({ closed: [closed({ execution: 'x-2', outcome: 'flagged' }), closed({ outcome: 'flagged' })] }), trigger: { by: 'sweep' } },
    'notify',
    'contested',
    { executions: ['x-2', 'x-1'], actor: null },
  ],
  [
    'fights',
    'two fixes of several parts, told by nobody',
    { ...past({ closed: [closed({ execution: 'x-2', subjects: ['other', revoke.subject ?? ''] }), closed()] }), ...by({ actor: null }) },
    'notify',
    'contested',
    { executions: ['x-2', 'x-1'], actor: null },
  ],
  [
    'fights',
    'one of two was taken back',
    past({ closed: [closed({ execution: 'x-3', outcome: 'rolled-back', rollbackOf: 'x-2' }), closed({ execution: 'x-2' }), closed()] }),
    'allow',
    'no-fight',
  ],
  [
    'fights',
    'a rollback that failed took nothing back',
    past({ closed: [closed({ execution: 'x-3', outcome: 'failed', rollbackOf: 'x-2' }), closed({ execution: 'x-2' }), closed()] }),
    'notify',
    'contested',
    { executions: ['x-2', 'x-1'], actor: `arn:aws:iam::${ACCOUNT}:user/mallory` },
  ],

  ['limits', 'below', { policy: policy({ limits: [{ per: ['run'], changes: 2 }] }), run: { changes: 1 } }, 'allow', 'within-limits'],
  ['limits', 'reached', { policy: policy({ limits: [{ per: ['run'], changes: 2 }] }), run: { changes: 2 } }, 'deny', 'limit-run', { limit: 2 }],
  [
    'limits',
    'of a window is none of a run',
    { policy: policy({ limits: [{ per: ['account'], changes: 1, window: 'PT1H' }] }), run: { changes: 5 } },
    'allow',
    'within-limits',
  ],

  ['grace', 'where there is none', {}, 'allow', 'no-grace'],
  ['grace', 'of another remediator', { policy: policy({ grace: [{ period: 'P7D', remediators: ['other-one'] }] }) }, 'allow', 'no-grace'],
  ['grace', 'of nothing', { policy: graced, changes: [] }, 'allow', 'no-grace'],
  [
    'grace',
    'where a person is asked anyway',
    { policy: policy({ grace: [{ period: 'P7D' }], remediators: { [ID]: { dev: 'approve' } } }) },
    'allow',
    'no-grace',
  ],
  ['grace', 'not announced yet', { policy: graced }, 'approve', 'grace', TERMS],
  ['grace', 'announced, and nobody told', { policy: graced, ...past({ approvals: [announced({ sent: [] })] }) }, 'approve', 'grace', TERMS],
  ['grace', 'told just now', { policy: graced, ...past({ approvals: [announced({ sent: [{ notice: 0, at: NOW }] })] }) }, 'approve', 'grace', TERMS],
  ['grace', 'a millisecond before its end', { policy: graced, ...past({ approvals: [announced({}, { at: NOW + 1 })] }) }, 'approve', 'grace', TERMS],
  ['grace', 'at its end', { policy: graced, ...past({ approvals: [announced()] }) }, 'allow', 'grace-over', { approval: 'a-1', ends: iso(NOW) }],
  [
    'grace',
    'at its end, and not reminded',
    { policy: graced, ...past({ approvals: [announced({ sent: [{ notice: 0, at: NOW - 7 * DAY }] })] }) },
    'approve',
    'grace',
    TERMS,
  ],
  [
    'grace',
    'over, and reminded just now',
    {
      policy: graced,
      ...past({
        approvals: [
          announced({
            sent: [
              { notice: 0, at: NOW - 9 * DAY },
              { notice: 1, at: NOW - 1 },
            ],
          }),
        ],
      }),
    },
    'approve',
    'grace',
    TERMS,
  ],
  ['grace', 'over, and ended', { policy: graced, ...past({ approvals: [announced({ ended: 'the gap no longer exists' })] }) }, 'approve', 'grace', TERMS],
  ['grace', 'over, and denied', { policy: graced, ...past({ approvals: [announced({}, { verdict: 'denied' })] }) }, 'approve', 'grace', TERMS],
  ['grace', 'over, and used', { policy: graced, ...past({ approvals: [announced({}, { usedBy: 'x-1' })] }) }, 'approve', 'grace', TERMS],
  ['grace', 'over, and run out', { policy: graced, ...past({ approvals: [announced({}, { expires: NOW })] }) }, 'approve', 'grace', TERMS],
  ['grace', 'over, of another plan', { policy: graced, ...past({ approvals: [announced({}, { planDigest: digestOf('other') })] }) }, 'approve', 'grace', TERMS],
  ['grace', 'over, of another remediator', { policy: graced, ...past({ approvals: [announced({}, { remediator: 'other-one' })] }) }, 'approve', 'grace', TERMS],
  ['grace', 'over, on other terms', { policy: graced, ...past({ approvals: [announced({ remind: [] })] }) }, 'approve', 'grace', TERMS],
  [
    'grace',
    'over, and made since under another approval',
    { policy: graced, ...past({ approvals: [announced()], closed: [closed({ planDigest: digestOf({ plan: 1 }), begunAt: NOW - DAY })] }) },
    'approve',
    'grace',
    TERMS,
  ],
  [
    'grace',
    'over, and made before it was announced',
    { policy: graced, ...past({ approvals: [announced()], closed: [closed({ planDigest: digestOf({ plan: 1 }), begunAt: NOW - 8 * DAY })] }) },
    'allow',
    'grace-over',
    { approval: 'a-1', ends: iso(NOW) },
  ],
];

describe('the decision table', () => {
  it.each(rows.map(([id, when, over, effect, code, data, hint]) => ({ id, when, over, effect, code, data, hint })))(
    '$id: $when',
    ({ id, over, effect, code, data, hint }) => {
      const { message, ...answer } = named(id).evaluate(facts(over));
      expect(answer).toEqual({ effect, code, ...(data === undefined ? {} : { data }), ...(hint === undefined ? {} : { hint }) });
      expect(message).not.toBe('');
    },
  );

  it('has every guardrail', () => {
    const elsewhere = ['managed-by-iac', 'circuit-breaker', 'refusals'];
    expect(builtinGuardrails.map(({ id }) => id).filter((id) => !rows.some(([row]) => row === id))).toEqual(elsewhere);
  });

  it('names the expired exceptions, even together with a tag', () => {
    const register = known(defineRegister([entry({ expires: iso(NOW - 2000) }), entry({ id: 'EXC-2', expires: iso(NOW - 1000) })]));
    const said = named('exceptions').evaluate(facts({ register, observation: tagged })).message;
    expect(said).toContain(`EXC-1 expired on ${iso(NOW - 2000)}, EXC-2 expired on ${iso(NOW - 1000)}.`);
  });
});

describe('freshness', () => {
  const asked = (shown: boolean, over: Partial<Facts> = {}) => {
    const { message: _, ...answer } = freshness(() => shown).evaluate(facts(over));
    return answer;
  };
  it('has exactly these answers', () => {
    expect(asked(true)).toEqual({ effect: 'allow', code: 'fresh' });
    expect(asked(false)).toEqual({ effect: 'approve', code: 'not-fresh', data: { subjects: [revoke.subject] } });
    const { subject: _, ...whole } = revoke;
    expect(asked(false, { changes: [whole] })).toEqual({ effect: 'approve', code: 'not-fresh', data: { subjects: ['sg-0abc'] } });
    expect(asked(true, { changes: [] })).toEqual({ effect: 'approve', code: 'not-fresh', data: { subjects: [] } });
    expect(asked(false, { remediator: { ...facts().remediator, freshWithin: null } })).toEqual({ effect: 'allow', code: 'not-needed' });
  });
});

describe('an event', () => {
  const WITHIN = 1_800_000;
  type Reader = (call: {
    readonly account: string;
    readonly region: string;
    readonly request: unknown;
  }) => readonly { id: string; subjects?: readonly string[] }[];
  const reader =
    (...found: { id: string; subjects?: readonly string[] }[]): Reader =>
    () =>
      found;
  const shown = (over: Partial<Finding>, options: { read?: Reader; ids?: readonly string[]; now?: number; showsNew?: readonly string[] } = {}): Shown =>
    shownBy(
      { by: 'finding', finding: apiCallFinding({ observedAt: iso(NOW), ...over }) },
      {
        freshWithin: WITHIN,
        showsNew: options.showsNew ?? ['INCOMING_SSH_DISABLED', 'restricted-ssh'],
        apiCalls: { 'ec2:AuthorizeSecurityGroupIngress': (options.read ?? reader({ id: 'sg-0abc', subjects: ['a'] })) as never },
      },
      group,
      options.ids ?? [],
      definePolicy({ version: 1 }),
      options.now ?? NOW,
    );
  const config = { kind: 'config-compliance-change' as const, call: null, configRule: 'restricted-ssh', previousState: 'COMPLIANT', state: 'NON_COMPLIANT' };
  const between = (after = NOW, before = after - 1) => ({ capturedAt: iso(after), previousCapturedAt: iso(before) });
  it.each<[string, Partial<Finding>, Parameters<typeof shown>[1], Shown]>([
    ['the parts in the call', {}, {}, new Set(['a'])],
    ['everything, if the call names no part', {}, { read: reader({ id: 'sg-0abc' }) }, 'all'],
    ['everything, if one of two names no part', {}, { read: reader({ id: 'sg-0abc', subjects: ['a'] }, { id: 'sg-0abc' }) }, 'all'],
    ['parts of several readers', {}, { read: reader({ id: 'sg-0abc', subjects: ['a'] }, { id: 'sg-0abc', subjects: ['b'] }) }, new Set(['a', 'b'])],
    ['nothing of another resource', {}, { read: reader({ id: 'sg-other', subjects: ['a'] }) }, 'nothing'],
    ['the resource under another name', {}, { read: reader({ id: 'arn:x', subjects: ['a'] }), ids: ['arn:x'] }, new Set(['a'])],
    ['only what belongs to the resource', {}, { read: reader({ id: 'sg-other' }, { id: 'sg-0abc', subjects: ['a'] }) }, new Set(['a'])],
    ['nothing, for a call without a reader', { call: { ...call, operation: 'CreateSecurityGroup' } }, {}, 'nothing'],
    ['nothing, for a call with the name of a member of every object', { call: { ...call, service: 'constructor', operation: '' } }, {}, 'nothing'],
    ['nothing without the call', { call: null }, {}, 'nothing'],
    ['nothing without account', { account: null }, {}, 'nothing'],
    ['nothing without region', { region: null }, {}, 'nothing'],
    ['nothing if it is replayed', { replayed: true }, {}, 'nothing'],
    ['nothing without its envelope', { envelope: null }, {}, 'nothing'],
    ['nothing without its time', { observedAt: null }, {}, 'nothing'],
    ['nothing with an invalid time', { observedAt: 'yesterday' }, {}, 'nothing'],
    ['nothing if it is resolved', { disposition: 'resolved' }, {}, 'nothing'],
    ['everything that is as old as allowed', {}, { now: NOW + WITHIN }, new Set(['a'])],
    ['nothing a millisecond later', {}, { now: NOW + WITHIN + 1 }, 'nothing'],
    ['a change ten minutes ahead of our clock', {}, { now: NOW - 600_000 }, new Set(['a'])],
    ['nothing further ahead', {}, { now: NOW - 600_001 }, 'nothing'],
    ['everything, by a transition of its rule', { ...config, extra: between() }, {}, 'all'],
    ['nothing of an old configuration', { ...config, extra: between(NOW - WITHIN - 1, NOW - WITHIN - 2) }, {}, 'nothing'],
    ['nothing of a configuration without a time', config, {}, 'nothing'],
    ['everything between two records, both as old as allowed', { ...config, extra: between(NOW, NOW - WITHIN) }, {}, 'all'],
    ['nothing if the earlier record is a millisecond older', { ...config, extra: between(NOW, NOW - WITHIN - 1) }, {}, 'nothing'],
    ['nothing without an earlier record', { ...config, extra: { capturedAt: iso(NOW) } }, {}, 'nothing'],
    ['nothing between a record and itself', { ...config, extra: between(NOW, NOW) }, {}, 'nothing'],
    ['nothing with a time that is a number', { ...config, extra: { ...between(), capturedAt: NOW } }, {}, 'nothing'],
    ['nothing by a first evaluation', { ...config, previousState: null, extra: between() }, {}, 'nothing'],
    ['nothing if it was not compliant before', { ...config, previousState: 'NON_COMPLIANT', extra: between() }, {}, 'nothing'],
    ['nothing if it is compliant', { ...config, state: 'COMPLIANT', extra: between() }, {}, 'nothing'],
    ['nothing by another rule', { ...config, configRule: 'restricted-common-ports', extra: between() }, {}, 'nothing'],
    ['nothing without its rule', { ...config, configRule: null, extra: between() }, {}, 'nothing'],
    ['nothing if no rule proves anything', { ...config, extra: between() }, { showsNew: [] }, 'nothing'],
    [
      'everything, by a rule with another name and the same identifier',
      { ...config, configRule: 'acme-ssh', extra: { ...between(), ruleIdentifier: 'INCOMING_SSH_DISABLED' } },
      {},
      'all',
    ],
    [
      'nothing by a rule with another identifier',
      { ...config, configRule: 'acme-ssh', extra: { ...between(), ruleIdentifier: 'S3_BUCKET_LOGGING_ENABLED' } },
      {},
      'nothing',
    ],
    ['nothing by a rule without a known identifier', { ...config, configRule: 'acme-ssh', extra: { ...between(), ruleIdentifier: 7 } }, {}, 'nothing'],
    ['nothing by a finding of Security Hub', { kind: 'finding-imported', call: null }, {}, 'nothing'],
    ['nothing by a finding with an inserted call', { kind: 'finding-imported' }, {}, 'nothing'],
  ])('%s', (_name, over, options, expected) => {
    expect(shown(over, options)).toEqual(expected);
  });
  it('gives the reader where the call was made', () => {
    const seen: unknown[] = [];
    shown({}, { read: (given) => (seen.push(given), []) });
    expect(seen).toEqual([expect.objectContaining({ account: ACCOUNT, region: 'us-east-1', service: 'ec2', request: { groupId: 'sg-0abc' } })]);
  });
});

describe('the parts of decisions', () => {
  it('have as subjects the named parts, else the calls', () => {
    const { subject: _, ...whole } = revoke;
    expect(subjectsOf([revoke, revoke])).toEqual([revoke.subject]);
    const { service, operation, input } = revoke.call;
    expect(subjectsOf([whole])).toEqual([digestOf({ service, operation, input })]);
    expect(subjectsOf([whole])).not.toEqual(subjectsOf([{ ...whole, call: { ...whole.call, input: { GroupId: 'other' } } }]));
  });
  it('are decisive if they determined the effect', () => {
    const decision = decide(builtinGuardrails, facts({ stop: known('changes'), remediator: { ...facts().remediator, ceiling: 'approve' } }));
    expect(decisive(decision).map(({ code }) => code)).toEqual(['stopped']);
    expect(decisive(decide(builtinGuardrails, facts()))).toEqual([]);
  });
  it('name an unreadable fact with the reason, and whether it is temporary', () => {
    expect(unreadable(new RedressError('aws/throttled', 'slow', { retryable: true }))).toEqual({ ok: false, error: 'slow', retryable: true });
    expect(unreadable(new RedressError('aws/denied', 'no'))).toEqual({ ok: false, error: 'no', retryable: false });
    expect(unreadable(new Error('x'))).toEqual({ ok: false, error: 'x', retryable: false });
    expect(named('hold').evaluate(facts({ history: unreadable(new Error('down')) }))).toMatchObject({
      effect: 'deny',
      code: 'unreadable',
      data: { fact: 'history' },
    });
  });
  it('have each guardrail that requested an approval once, in one order', () => {
    const one = { guardrail: 'a', effect: 'approve' as const, code: 'x', message: 'm' };
    const two = { ...one, guardrail: 'b' };
    const results = [one, two, one, { ...one, guardrail: 'c', effect: 'allow' as const }];
    expect(dischargedBy({ effect: 'approve', results })).toHaveLength(2);
    expect(dischargedBy({ effect: 'approve', results })).toEqual(dischargedBy({ effect: 'approve', results: results.toReversed() }));
  });
  it('rely on an approval only if the decision allows', () => {
    const approved = { guardrail: 'approval', effect: 'allow' as const, code: 'approved', message: 'm', data: { approval: 'a-1' } };
    expect(approvalOf({ effect: 'allow', results: [approved] })).toBe('a-1');
    expect(approvalOf({ effect: 'deny', results: [approved] })).toBeNull();
    expect(approvalOf({ effect: 'allow', results: [] })).toBeNull();
    expect(approvalOf({ effect: 'allow', results: [{ ...approved, data: { approval: 3 } }] })).toBeNull();
    const { data: _, ...bare } = approved;
    expect(approvalOf({ effect: 'allow', results: [bare] })).toBeNull();
  });
  it.each([
    ['arn:aws:sts::111111111111:assumed-role/Redress/session', 'aws:111111111111:role/Redress'],
    ['arn:aws:iam::111111111111:role/Redress', 'aws:111111111111:role/Redress'],
    ['arn:aws:iam::111111111111:role/a/b/Redress', 'aws:111111111111:role/Redress'],
    ['arn:aws:iam::111111111111:user/a/b/x', 'arn:aws:iam::111111111111:user/a/b/x'],
    ['xarn:aws:iam::111111111111:role/Redress', 'xarn:aws:iam::111111111111:role/Redress'],
    ['x arn:aws:sts::111111111111:assumed-role/Redress/s', 'x arn:aws:sts::111111111111:assumed-role/Redress/s'],
    ['arn:aws:iam::111111111111:role/Redress/', 'arn:aws:iam::111111111111:role/Redress/'],
  ])('%s is %s', (arn, expected) => {
    expect(principal(arn)).toBe(expected);
  });
});
