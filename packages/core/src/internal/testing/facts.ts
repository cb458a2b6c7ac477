import { type Facts, known } from '../../guardrails/guardrail.js';
import { emptyView } from '../../journal.js';
import type { Finding } from '../../model/finding.js';
import { digestOf } from '../../model/json.js';
import type { Change } from '../../model/plan.js';
import { resource, streamOf } from '../../model/resource.js';
import { definePolicy } from '../../policy/policy.js';
import { defineRegister } from '../../policy/register.js';

export const NOW = Date.parse('2026-11-24T10:00:00Z');
export const ACCOUNT = '111111111111';
export const group = resource({ type: 'AWS::EC2::SecurityGroup', id: 'sg-0abc', account: ACCOUNT, region: 'us-east-1' });

export const revoke: Change = {
  call: { service: 'ec2', operation: 'RevokeSecurityGroupIngress', input: { GroupId: 'sg-0abc' }, retry: 'idempotent' },
  undo: { calls: [], restores: 'equivalent' },
  summary: 'revoke the rule',
  resolves: true,
  subject: 'tcp 22-22 0.0.0.0/0',
};

/** A CloudTrail finding of the call that opened the port, a minute ago. */
export function apiCallFinding(over: Partial<Finding> = {}): Finding {
  return {
    id: 'event-1',
    source: 'cloudtrail',
    kind: 'api-call',
    disposition: 'candidate',
    reason: '',
    account: ACCOUNT,
    region: 'us-east-1',
    resources: [{ type: 'AWS::EC2::SecurityGroup', id: 'sg-0abc' }],
    controls: [],
    configRule: null,
    state: null,
    previousState: null,
    actor: { arn: `arn:aws:iam::${ACCOUNT}:user/mallory`, type: 'IAMUser', issuerArn: null, invokedBy: null },
    observedAt: new Date(NOW - 60_000).toISOString(),
    call: { service: 'ec2', operation: 'AuthorizeSecurityGroupIngress', request: { groupId: 'sg-0abc' }, response: null, errorCode: null, readOnly: false },
    replayed: false,
    envelope: { id: 'e', source: 'aws.ec2', detailType: 'AWS API Call via CloudTrail', account: ACCOUNT, region: 'us-east-1', time: null, replayName: null },
    via: [],
    itemId: null,
    extra: {},
    ...over,
  };
}

/** Facts under which everything is allowed; each test takes one thing away. */
export function facts(over: Partial<Facts> = {}): Facts {
  return {
    now: NOW,
    trigger: { by: 'finding', finding: apiCallFinding() },
    resource: group,
    remediator: { id: 'ec2-revoke-sg-open-ssh', version: '1.0.0', ceiling: 'enforce', freshWithin: 1_800_000, settle: 60_000, breadth: 0 },
    alsoPlannedBy: new Map(),
    parameters: digestOf({}),
    lastChange: NOW - 60_000,
    changes: [revoke],
    plan: digestOf({ plan: 1 }),
    hazards: [],
    policy: known(definePolicy({ version: 1, environments: { dev: { accounts: [ACCOUNT] } }, remediators: { 'ec2-revoke-sg-open-ssh': { dev: 'enforce' } } })),
    register: known(defineRegister([])),
    stop: known('none'),
    identity: known({ account: ACCOUNT, arn: `arn:aws:sts::${ACCOUNT}:assumed-role/Redress/session` }),
    observation: known({ state: {}, tags: {} }),
    assessment: known({ status: 'change', changes: [revoke] }),
    history: known(emptyView(streamOf(group))),
    track: known([]),
    run: { changes: 0 },
    ...over,
  };
}
