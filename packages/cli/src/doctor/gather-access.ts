import { DescribeSecurityGroupsCommand, EC2Client, RevokeSecurityGroupIngressCommand } from '@aws-sdk/client-ec2';
import { IAMClient, SimulatePrincipalPolicyCommand } from '@aws-sdk/client-iam';
import { type Connect, classifyAwsError, type Fact, known, partitionOf, unreadable } from '@redress/core';
import { exampleRequests, type IamOptions } from '@redress/deploy';
import { fact } from './fact.js';
import type { AccessFact } from './facts.js';

/** How many actions IAM simulates in one call. */
const ACTIONS = 50;

/**
 * Whether an account lets us in, and what its fixing role may do, as IAM simulates it. A simulation knows policies and boundaries of the
 * role; of service control policies only those without conditions.
 *
 * @see https://docs.aws.amazon.com/IAM/latest/APIReference/API_SimulatePrincipalPolicy.html
 */
export async function gatherAccess(
  connect: Connect,
  account: string,
  region: string,
  role: string | null,
  actions: readonly string[],
  options: Pick<IamOptions, 'remediators' | 'parametersOf'>,
): Promise<AccessFact> {
  const partition = partitionOf(region);
  let config: object = {};
  const identity: AccessFact['identity'] = await (async () => {
    try {
      const connection = await connect({ partition, account, region, access: 'read', execution: null });
      config = connection.config;
      return known(await connection.identity());
    } catch (error) {
      return unreadable(error);
    }
  })();
  if (!identity.ok || identity.value.account !== account || role === null || actions.length === 0) return { account, identity, actions: null, dryRun: null };
  const arn = `arn:${partition}:iam::${account}:role/${role}`;
  const client = new IAMClient(config);
  try {
    const simulated: AccessFact['actions'] = await fact('iam:SimulatePrincipalPolicy', async () => {
      const denied: string[] = [];
      const unsure: string[] = [];
      for (const { resource, context, some } of simulations(actions, { partition, account, region }, options)) {
        const ContextEntries = Object.entries(context).map(([ContextKeyName, value]) => ({
          ContextKeyName,
          ContextKeyType: LISTS.includes(ContextKeyName) ? ('stringList' as const) : ('string' as const),
          ContextKeyValues: [value],
        }));
        const { EvaluationResults = [] } = await client.send(
          new SimulatePrincipalPolicyCommand({ PolicySourceArn: arn, ActionNames: [...some], ResourceArns: [resource], ContextEntries }),
        );
        for (const action of some) {
          const decision = EvaluationResults.find((each) => each.EvalActionName?.toLowerCase() === action.toLowerCase())?.EvalDecision;
          // Without an answer nobody knows.
          if (decision === undefined) throw new Error(`IAM returned no result for ${action}.`);
          // Of one action several requests may be asked about.
          const kept = decision === 'explicitDeny' ? denied : decision === 'allowed' ? null : unsure;
          if (kept?.includes(action) === false) kept.push(action);
        }
      }
      return { role: arn, denied, unsure };
    });
    return { account, identity, actions: simulated, dryRun: null };
  } finally {
    client.destroy();
  }
}

const LISTS: readonly string[] = ['aws:TagKeys'];

/** Actions with an example of what they are done to: a policy that is narrowed to some resources does not allow them on every one. */
function simulations(
  actions: readonly string[],
  where: Parameters<typeof exampleRequests>[1],
  options: Parameters<typeof exampleRequests>[2],
): readonly { readonly resource: string; readonly context: Readonly<Record<string, string>>; readonly some: readonly string[] }[] {
  const groups = new Map<string, { resource: string; context: Readonly<Record<string, string>>; some: string[] }[]>();
  for (const [action, request] of actions.flatMap((each) => exampleRequests(each, where, options).map((one) => [each, one] as const))) {
    const key = JSON.stringify(request);
    const calls = groups.get(key) ?? [];
    groups.set(key, calls);
    const last = calls.at(-1);
    if (last === undefined || last.some.length >= ACTIONS) calls.push({ ...request, some: [action] });
    else last.some.push(action);
  }
  return [...groups.values()].flat();
}

/** No rule has this id: even a service that overlooks `DryRun` has nothing to revoke. */
const NO_RULE = 'sgr-00000000000000000';

/**
 * Asks EC2 whether the credentials for fixes may revoke a rule of a security group: `DryRun`, which also service control policies and
 * conditions decide on, and which changes nothing.
 *
 * @see https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_RevokeSecurityGroupIngress.html
 */
export async function gatherDryRun(connect: Connect, account: string, region: string): Promise<Fact<boolean>> {
  return fact('ec2:RevokeSecurityGroupIngress (DryRun)', async () => {
    const connection = await connect({ partition: partitionOf(region), account, region, access: 'write', execution: null });
    const { account: is } = await connection.identity();
    if (is !== account) throw new Error(`The credentials belong to account ${is}.`);
    const client = new EC2Client(connection.config);
    try {
      const { SecurityGroups = [] } = await client.send(new DescribeSecurityGroupsCommand({ MaxResults: 5 }));
      const GroupId = SecurityGroups[0]?.GroupId;
      if (GroupId === undefined) throw new Error('There is no security group for the dry run.');
      return await mayRevoke(client, GroupId);
    } finally {
      client.destroy();
    }
  });
}

async function mayRevoke(client: EC2Client, GroupId: string): Promise<boolean> {
  try {
    await client.send(new RevokeSecurityGroupIngressCommand({ GroupId, SecurityGroupRuleIds: [NO_RULE], DryRun: true }));
  } catch (error) {
    const { name, code } = classifyAwsError(error);
    if (name === 'DryRunOperation') return true;
    if (code === 'aws/denied') return false;
    throw error;
  }
  throw new Error('EC2 did not treat it as a dry run.');
}
