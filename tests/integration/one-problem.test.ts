// One open port, told about by everything that sees it: CloudTrail, Config, two standards of Security Hub, and the new Security Hub. In
// whatever order they come: one change, and each of the five has its record.
import { revokeSgOpenSsh } from '@redress/remediator-ec2';
import { configComplianceEvent, type EventBridgeEvent, securityHubEvent } from '@redress/testing';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { emulated } from '../support/emulated.ts';
import { enforced, outcomes } from '../support/runtime.ts';
import { ACCOUNT, type Gap, ssh } from '../support/situations.ts';

const account = emulated();
const REGION = 'us-west-2';

/** A finding of a standard that has controls of its own: consolidated control findings are off. */
function ofStandard(gap: Gap): EventBridgeEvent {
  const event = securityHubEvent({ resource: gap.ref, control: 'EC2.13' });
  const [finding] = event.detail['findings'] as readonly Record<string, unknown>[];
  const cis = `arn:aws:securityhub:::ruleset/cis-aws-foundations-benchmark/v/1.2.0/rule/4.1`;
  return {
    ...event,
    detail: {
      findings: [
        {
          ...finding,
          Id: `arn:aws:securityhub:${REGION}:${ACCOUNT}:subscription/cis-aws-foundations-benchmark/v/1.2.0/4.1/finding/${event.id}`,
          GeneratorId: cis,
          Compliance: { Status: 'FAILED' },
          ProductFields: { StandardsGuideArn: 'arn:aws:securityhub:::ruleset/cis-aws-foundations-benchmark/v/1.2.0', RuleId: '4.1' },
        },
      ],
    } as never,
  };
}

/** The same control as the new Security Hub tells it, in OCSF. */
function inOcsf(gap: Gap): EventBridgeEvent {
  const event = securityHubEvent({ resource: gap.ref, control: 'EC2.13' });
  const now = Date.now();
  return {
    ...event,
    'detail-type': 'Findings Imported V2',
    detail: {
      findings: [
        {
          activity_id: 1,
          class_uid: 2003,
          class_name: 'Compliance Finding',
          category_uid: 2,
          cloud: { account: { uid: ACCOUNT }, provider: 'AWS', region: REGION },
          compliance: { control: 'EC2.13', standards: ['standards/aws-foundational-security-best-practices/v/1.0.0'], status: 'Fail', status_id: 3 },
          finding_info: {
            uid: `${event.id}-v2`,
            title: 'Security groups should not allow ingress to port 22',
            modified_time: now,
            types: ['Posture Management'],
          },
          metadata: {
            product: { name: 'Security Hub', uid: `arn:aws:securityhub:${REGION}::productv2/aws/securityhub`, vendor_name: 'AWS' },
            version: '1.6.0',
          },
          resources: [
            {
              uid: `arn:aws:ec2:${REGION}:${ACCOUNT}:security-group/${gap.ref.id}`,
              type: 'AWS::EC2::SecurityGroup',
              region: REGION,
              cloud_partition: 'aws',
              owner: { account: { uid: ACCOUNT } },
            },
          ],
          severity_id: 4,
          status: 'New',
          status_id: 1,
          time: now,
        },
      ],
    } as never,
  };
}

const tellers = {
  cloudtrail: (gap: Gap) => gap.event(),
  config: (gap: Gap) => configComplianceEvent({ resource: gap.ref, rule: 'restricted-ssh' }),
  'security hub, best practices': (gap: Gap) => securityHubEvent({ resource: gap.ref, control: 'EC2.13' }),
  'security hub, CIS': ofStandard,
  'new security hub': inOcsf,
} satisfies Record<string, (gap: Gap) => EventBridgeEvent>;
type Teller = keyof typeof tellers;
const names = Object.keys(tellers) as Teller[];

async function tell(order: readonly Teller[], atOnce: boolean) {
  const gap = await ssh.gap(account.aws, REGION);
  const before = await gap.read();
  const events = order.map((name) => tellers[name](gap));
  const { runtime } = account;
  const compose = () => runtime.handler(enforced({ ...ssh, remediator: revokeSgOpenSsh }));
  /** A queue brings back what was busy with one that another sandbox is making. */
  const until = async (event: EventBridgeEvent): Promise<void> => {
    for (let times = 0; (await runtime.deliver(compose(), [event])).failures.length > 0; times++) expect(times).toBeLessThan(20);
  };
  if (atOnce) await Promise.all(events.map(until));
  else expect((await runtime.deliver(compose(), events)).failures).toEqual([]);
  expect(await gap.read()).toEqual(ssh.fixed(before));
  const records = await runtime.records(gap.ref);
  const kinds = records.map(({ record }) => record.kind);
  expect(kinds.filter((kind) => kind === 'intent')).toHaveLength(1);
  expect(kinds.filter((kind) => kind === 'call')).toHaveLength(1);
  // The execution is one of the five; what came before it decided otherwise, and what came after it names it.
  expect(kinds.filter((kind) => kind === 'intent' || kind === 'decision' || kind === 'duplicate')).toHaveLength(5);
  const told = records.flatMap(({ record }) => {
    const trigger = record.body['trigger'] as { source?: string; id?: string } | undefined;
    return trigger === undefined ? [] : [`${trigger.source} ${trigger.id}`];
  });
  expect(new Set(told).size).toBe(5);
  return outcomes(records);
}

describe('five sources report one open port', () => {
  it('the event that proves it new comes first: the port is fixed, and the other four name the execution', async () => {
    expect(await tell(names, false)).toEqual(['remediated']);
  });
  it('it comes last: the others need an approval, then the port is fixed', async () => {
    expect(await tell(['security hub, best practices', 'security hub, CIS', 'new security hub', 'cloudtrail', 'config'], false)).toEqual([
      'awaiting-approval',
      'awaiting-approval',
      'awaiting-approval',
      'remediated',
    ]);
  });
  it('in any order', async () => {
    await fc.assert(
      fc.asyncProperty(fc.shuffledSubarray(names, { minLength: 5 }), async (order) => {
        expect((await tell(order, false)).at(-1)).toBe('remediated');
      }),
      { numRuns: 10, seed: 4 },
    );
  });
  it('all at once, each in a separate sandbox', async () => {
    for (let round = 0; round < 12; round++) expect(await tell(names, true)).toContain('remediated');
  });
});
