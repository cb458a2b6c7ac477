import { defineSetting, digestOf, given, type NamedIn, needs, paginate, type Remediator, type ResourceType, shortLived } from '@redress/core';
import * as z from '@redress/core/parameters';
import { backup } from './client.js';
import { packageRef } from './package-ref.js';
import type { BackedUp } from './resources.js';
import { selects } from './selection.js';

const parameters = z.strictObject({
  plan: z
    .optional(z.string().check(z.regex(/^[\w.-]{1,64}$/, 'the name or id of a backup plan')))
    .check(z.describe('The backup plan of the region, by its name or id.')),
  roleArn: z.optional(z.roleArn()).check(z.describe('The role that AWS Backup makes the backups with; it is passed to backup.amazonaws.com.')),
});

/** The name of the selection that is made: one for each resource, for a selection cannot be changed. */
const selectionOf = (arn: string) =>
  `redress-${digestOf(arn)
    .replace(/^sha256:/, '')
    .slice(0, 32)}`;

/** Which plans select it. */
interface Value {
  /** Their selections, each as `PLAN/SELECTION`. */
  readonly selected: readonly string[];
  /** Ids of the plans that the policy means; none once a plan selects it: which they are matters no more. */
  readonly plans: readonly string[];
  readonly cluster: string | null;
}

interface About extends Pick<Remediator, 'id' | 'title'> {
  readonly on: ResourceType<BackedUp>;
  readonly controls: Readonly<Record<string, readonly string[]>>;
  readonly rules: Readonly<Record<string, string>>;
  readonly calls: Readonly<Record<string, NamedIn>>;
  readonly prowler: string;
  readonly blindSpots: readonly string[];
}

/**
 * Defines the remediator that adds a resource that no backup plan selects to the plan that the policy names, by a selection of its own.
 *
 * @see https://docs.aws.amazon.com/aws-backup/latest/devguide/assigning-resources.html
 */
export const addToPlan = ({ prowler, blindSpots, ...about }: About): Remediator =>
  defineSetting({
    ...about,
    package: packageRef,
    ceiling: 'approve',
    settle: 'PT60S',
    blindSpots: [
      'What the backups cost, and for how long the plan keeps them.',
      'Whether the role may back it up: otherwise the backup jobs fail.',
      'The opt-in of the region for the resource type. Selections by tag take only types that are opted in, and so do all selections of Aurora, Neptune and DocumentDB.',
      'Backups that are made without a plan.',
      'A plan takes 100 selections, and each resource gets one of its own: AWS Backup refuses more.',
      ...blindSpots,
    ],
    alsoFoundBy: { prowler: [prowler] },
    inCode: { cloudFormation: 'AWS::Backup::BackupSelection', terraform: 'aws_backup_selection' },
    parameters,
    read: {
      reads: [backup.pick('ListBackupPlans', 'ListBackupSelections', 'GetBackupSelection')],
      async of({ aws, arn, found, parameters: { plan } }): Promise<Value> {
        const { tags, cluster } = await found();
        const plans: string[] = [];
        const selected: string[] = [];
        for await (const each of paginate(aws.backup.ListBackupPlans, {}, 'BackupPlansList')) {
          const BackupPlanId = given(each, 'BackupPlanId');
          if (plan !== undefined && [BackupPlanId, each.BackupPlanName].includes(plan)) plans.push(BackupPlanId);
          for await (const { SelectionId } of paginate(aws.backup.ListBackupSelections, { BackupPlanId }, 'BackupSelectionsList')) {
            const reply = await aws.backup.GetBackupSelection({ BackupPlanId, SelectionId });
            if (selects(given(reply, 'BackupSelection'), arn, tags)) selected.push(`${BackupPlanId}/${SelectionId}`);
          }
        }
        return { selected: selected.sort(), plans: selected.length > 0 ? [] : plans.sort(), cluster };
      },
    },
    hazards: [shortLived('backups of it are paid for, and nobody restores them')],
    rollback: {
      restores: 'equivalent',
      what: 'The selection is deleted: the plan does not back it up any more.',
      not: ['Backups that were made meanwhile stay in their vault until they end.'],
    },
    // The rules can be set up to ask for vaults, copies and how long backups are kept, which nobody asks here.
    judge: ({ claim }) => (Object.keys(claim.parameters ?? {}).length === 0 ? [] : null),
    instead({ now: { selected, plans, cluster }, id, parameters: { plan, roleArn } }) {
      if (selected.length > 0) return null;
      const gap = `No backup plan selects ${id}`;
      if (cluster !== null)
        return {
          status: 'not-applicable',
          reason: `It belongs to the DB cluster ${cluster}, which AWS Backup backs up as a whole: rds-add-cluster-to-backup-plan adds that one.`,
        };
      const missing = needs(about.id, gap, { plan, roleArn });
      if (missing !== null || plans.length === 1) return missing;
      return {
        status: 'manual',
        message: `${gap}, and ${plans.length === 0 ? `there is no backup plan ${plan}` : `${plans.length} backup plans are called ${plan}`} in the region: nothing is changed.`,
        steps: [
          plans.length === 0 ? `Make the plan ${plan}, or name another one in the policy.` : `Name one of them by its id in the policy: ${plans.join(', ')}.`,
        ],
      };
    },
    wanted: ({ now }) => (now.selected.length > 0 ? now : { ...now, selected: ['a new selection'], plans: [] }),
    writes: [backup.pick('CreateBackupSelection')],
    passes: [{ parameter: 'roleArn', service: 'backup.amazonaws.com' }],
    undoes: [backup.pick('DeleteBackupSelection')],
    write: ({ arn, now: { plans }, parameters: { roleArn = '' } }) =>
      backup.call('CreateBackupSelection', {
        BackupPlanId: plans[0] ?? '',
        BackupSelection: { SelectionName: selectionOf(arn), IamRoleArn: roleArn, Resources: [arn] },
      }),
    undo: ({ now: { plans } }) => ({
      calls: [backup.call('DeleteBackupSelection', { BackupPlanId: plans[0] ?? '', SelectionId: { $response: '/SelectionId' } })],
      restores: 'equivalent',
    }),
    equivalent: ({ before, after }) => before.selected.join() === after.selected.join(),
    summary: ({ id, parameters: { plan } }) => `add ${id} to the backup plan ${plan}`,
  });
