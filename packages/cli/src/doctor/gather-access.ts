import { IAMClient, SimulatePrincipalPolicyCommand } from '@aws-sdk/client-iam';
import { type Connect, type Fact, known, partitionOf, unreadable } from '@redress/core';
import { fact } from './fact.js';
import type { AccessFact } from './facts.js';

/** IAM simulates so many actions in one call. */
const ACTIONS = 50;

/**
 * Whether an account lets us in, and what its fixing role may do, as IAM simulates it. A simulation knows policies and boundaries of the
 * role; of service control policies only those without conditions.
 *
 * @see https://docs.aws.amazon.com/IAM/latest/APIReference/API_SimulatePrincipalPolicy.html
 */
export async function gatherAccess(connect: Connect, account: string, region: string, role: string | null, actions: readonly string[]): Promise<AccessFact> {
  const partition = partitionOf(region);
  let config: object = {};
  const identity: AccessFact['identity'] = await (async () => {
    try {
      const connection = await connect({ partition, account, region, access: 'read' });
      config = connection.config;
      return known(await connection.identity());
    } catch (error) {
      return unreadable(error);
    }
  })();
  if (!identity.ok || identity.value.account !== account || role === null || actions.length === 0) return { account, identity, denied: null };
  const arn = `arn:${partition}:iam::${account}:role/${role}`;
  const client = new IAMClient(config);
  try {
    const denied: Fact<{ role: string; actions: readonly string[] }> = await fact('iam:SimulatePrincipalPolicy', async () => {
      const found: string[] = [];
      for (let from = 0; from < actions.length; from += ACTIONS) {
        const some = actions.slice(from, from + ACTIONS);
        const { EvaluationResults = [] } = await client.send(new SimulatePrincipalPolicyCommand({ PolicySourceArn: arn, ActionNames: [...some] }));
        for (const action of some) {
          const result = EvaluationResults.find((each) => each.EvalActionName?.toLowerCase() === action.toLowerCase());
          // Without an answer nobody knows.
          if (result === undefined) throw new Error(`IAM says nothing of ${action}.`);
          // What is missing depends on tags or resources: that is no denial of the action.
          if (result.EvalDecision !== 'allowed' && (result.MissingContextValues ?? []).length === 0) found.push(action);
        }
      }
      return { role: arn, actions: found };
    });
    return { account, identity, denied };
  } finally {
    client.destroy();
  }
}
