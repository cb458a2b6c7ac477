import {
  type AwsReads,
  canonicalJson,
  type DeclaredHazard,
  defineResource,
  defineSetting,
  given,
  isRecord,
  type JsonObject,
  paginate,
  type Remediator,
  toJson,
  type WordedHazard,
} from '@redress/core';
import * as z from '@redress/core/parameters';
import { HIDDEN_TOO } from '../client.js';
import { packageRef } from '../package-ref.js';
import { tagsOf } from '../security-group.js';
import { ec2 } from './client.js';
import { groupIn } from './network.js';

/** A launch template. */
const launchTemplate = defineResource({
  type: 'AWS::EC2::LaunchTemplate',
  arn: 'arn:{partition}:ec2:{region}:{account}:launch-template/{id}',
  find: {
    reads: [ec2.pick('DescribeLaunchTemplates')],
    of: async ({ aws, id }) =>
      given(await aws.ec2.DescribeLaunchTemplates({ LaunchTemplateIds: [id], ...HIDDEN_TOO }), 'LaunchTemplates').find((each) => each.LaunchTemplateId === id),
  },
  tags: { of: async ({ found }) => tagsOf((await found()).Tags) },
  list: {
    reads: [ec2.pick('DescribeLaunchTemplates')],
    async *of({ aws }) {
      for await (const { LaunchTemplateId: id } of paginate(aws.ec2.DescribeLaunchTemplates, HIDDEN_TOO, 'LaunchTemplates')) if (id !== undefined) yield { id };
    },
  },
});

/** The parameters of a version that change here. Their members are the same in requests and replies. */
type Member = 'MetadataOptions' | 'NetworkInterfaces' | 'BlockDeviceMappings';
/** What one of them says; null: the version does not have it. */
export type Part = Readonly<Record<string, unknown>> | readonly Readonly<Record<string, unknown>>[] | null;

/** What one setting of launch templates is, beside what all of them share. */
interface LaunchTemplateSetting<Given> {
  readonly id: string;
  readonly title: string;
  readonly controls: Readonly<Record<string, readonly string[]>>;
  readonly rules: Readonly<Record<string, string>>;
  readonly alsoFoundBy?: NonNullable<Remediator['alsoFoundBy']>;
  readonly blindSpots: readonly string[];
  readonly inCode: NonNullable<Remediator['inCode']>;
  readonly parameters?: z.Schema<Given, unknown>;
  readonly member: Member;
  /** What it has to say; the same: it says it already. */
  fix(part: Part, parameters: Given): Part;
  /** Why no version can say it, where a person has to change more than the template. */
  manual?(part: Part): { readonly message: string; readonly steps: readonly string[] } | null;
  readonly hazards: readonly (WordedHazard | (DeclaredHazard & { when(part: Part, parameters: Given): string | null }))[];
  /** In the imperative: `require session tokens for metadata`. */
  readonly summary: string;
}

/** Changes the members of a list, where there is one. */
export const each = (part: Part, change: (one: Readonly<Record<string, unknown>>) => Readonly<Record<string, unknown>>): Part =>
  Array.isArray(part) ? part.map(change) : part;

const same = (a: unknown, b: unknown) => canonicalJson(toJson(a ?? null)) === canonicalJson(toJson(b ?? null));

/** The default version of a launch template, and what the latest one says. */
interface Versions {
  /** An AWS service has made it. */
  readonly managed: boolean;
  readonly version: number;
  readonly newest: number;
  readonly part: Part;
  readonly latest: Part;
  /** Whether the two differ in nothing else. User data may be in it, so what differs is not kept. */
  readonly alike: boolean;
  /** Where snapshots are in them: a version that rests on another one gets its snapshots only where they are named again. */
  readonly devices: readonly object[];
  /** A parameter that is there: no version is made of a request that names none. */
  readonly anchor: object;
}

type Asked<Operation extends 'DescribeLaunchTemplateVersions' | 'DescribeInstances'> = {
  readonly aws: AwsReads<readonly [ReturnType<typeof ec2.pick<Operation>>]>;
  readonly id: string;
};

const versionsOf =
  (member: Member) =>
  async ({
    aws,
    id,
    found,
  }: Asked<'DescribeLaunchTemplateVersions'> & {
    found(): Promise<{ readonly Operator?: { readonly Managed?: boolean | undefined } | undefined }>;
  }): Promise<Versions> => {
    const asked = { LaunchTemplateId: id, Versions: ['$Default', '$Latest'], ...HIDDEN_TOO };
    const versions = given(await aws.ec2.DescribeLaunchTemplateVersions(asked), 'LaunchTemplateVersions').map((one) => ({
      number: given(one, 'VersionNumber'),
      isDefault: given(one, 'DefaultVersion'),
      data: given(one, 'LaunchTemplateData'),
    }));
    const inUse = versions.find(({ isDefault }) => isDefault);
    const newest = versions.toSorted((a, b) => b.number - a.number)[0];
    if (inUse === undefined || newest === undefined)
      throw new Error(`DescribeLaunchTemplateVersions did not show the default and the latest version of ${id}.`);
    const partOf = (data: object): Part => {
      const part: unknown = (data as Record<string, unknown>)[member] ?? null;
      // `State` is how far a change has come: nobody sets it.
      return isRecord(part) ? Object.fromEntries(Object.entries(part).filter(([name]) => name !== 'State')) : (part as Part);
    };
    const { BlockDeviceMappings: devices = [], ImageId, InstanceType, KeyName } = inUse.data;
    return {
      managed: (await found()).Operator?.Managed === true,
      version: inUse.number,
      newest: newest.number,
      part: partOf(inUse.data),
      latest: partOf(newest.data),
      alike: same({ ...inUse.data, [member]: null }, { ...newest.data, [member]: null }),
      devices: devices.some(({ Ebs }) => Ebs?.SnapshotId !== undefined) ? devices : [],
      anchor: ImageId !== undefined ? { ImageId } : InstanceType !== undefined ? { InstanceType } : KeyName !== undefined ? { KeyName } : {},
    };
  };

/** The Auto Scaling groups, and other instances, that run by a launch template. */
async function usersOf({ aws, id }: Asked<'DescribeInstances'>): Promise<{ readonly users: readonly string[] }> {
  const running = { Filters: [{ Name: 'tag:aws:ec2launchtemplate:id', Values: [id] }], ...HIDDEN_TOO };
  const users = new Set<string>();
  for await (const reservation of paginate(aws.ec2.DescribeInstances, running, 'Reservations'))
    for (const { InstanceId, Tags } of given(reservation, 'Instances')) users.add(groupIn(Tags).group ?? InstanceId ?? '?');
  return { users: [...users].sort() };
}

/**
 * Defines a setting of a launch template. Versions never change: one run makes a new one of the default one, and the next makes that the default, once a look
 * has shown what it says: EC2 gives the numbers, and somebody else may make one, too. What `$Latest` gets is what the default gets, for nothing is changed where
 * the two say different things. No version is deleted: a rollback makes a copy of the old default the latest, or the old default the default again.
 *
 * @see https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/manage-launch-template-versions.html
 */
export function defineLaunchTemplateSetting<Given = Record<string, never>>(definition: LaunchTemplateSetting<Given>): Remediator {
  const { member, fix, manual, hazards, summary } = definition;
  const recognised = (hazard: (typeof hazards)[number]) =>
    'words' in hazard
      ? hazard
      : { ...hazard, when: ({ now, parameters }: { readonly now: Versions; readonly parameters: Given }) => hazard.when(now.part, parameters) };
  const latestSays = (now: Versions, to: Part) => now.alike && same(now.latest, to);
  return defineSetting({
    on: launchTemplate,
    id: definition.id,
    title: definition.title,
    controls: definition.controls,
    rules: definition.rules,
    inCode: definition.inCode,
    parameters: definition.parameters ?? (z.strictObject({}) as unknown as z.Schema<Given, unknown>),
    alsoFoundBy: definition.alsoFoundBy ?? {},
    package: packageRef,
    calls: {
      'ec2:CreateLaunchTemplate': 'response.CreateLaunchTemplateResponse.launchTemplate.launchTemplateId',
      'ec2:CreateLaunchTemplateVersion': 'response.CreateLaunchTemplateVersionResponse.launchTemplateVersion.launchTemplateId',
      'ec2:ModifyLaunchTemplate': 'response.ModifyLaunchTemplateResponse.launchTemplate.launchTemplateId',
    },
    ceiling: 'approve',
    settle: 'PT60S',
    blindSpots: [
      ...definition.blindSpots,
      'Auto Scaling groups, fleets and node groups that use the default or latest version and have no running instances. Those that specify a version number keep it.',
      'A version that someone creates between the last read and the change: the new version follows it, so whoever launches the latest version does not get theirs.',
    ],
    read: { reads: [ec2.pick('DescribeLaunchTemplateVersions')], of: versionsOf(member) },
    context: { reads: [ec2.pick('DescribeInstances')], of: usersOf },
    hazards: [
      {
        code: 'in-use',
        effect: 'approve',
        what: 'Running instances were launched from it: the next ones use the new version.',
        advice: 'Launch one instance by hand with the settings of the new version, and check that it works. Then approve.',
        when: ({ context, id }) =>
          context === undefined || context.users.length === 0
            ? null
            : `${id} has launched ${context.users.slice(0, 5).join(', ')}${context.users.length > 5 ? ` and ${context.users.length - 5} more` : ''}`,
      },
      {
        code: 'of-a-service',
        effect: 'notify',
        what: 'Tags show that a service created it. The service may overwrite it, or fail with a version that it does not know.',
        advice: 'Change it where the service is configured: in the node group, compute environment or environment.',
        words: ['eks', 'nodegroup', 'batch', 'elasticbeanstalk', 'elasticmapreduce', 'karpenter'],
      },
      ...hazards.map(recognised),
    ],
    rollback: {
      restores: 'equivalent',
      what: 'If the new version was made the default, the old default is restored. If it was only created, a copy of the default becomes the latest version.',
      not: ['Instances started in the meantime.', 'The created versions: none is deleted.'],
    },
    instead({ now, id, parameters }) {
      const to = fix(now.part, parameters);
      if (same(now.part, to)) return null;
      if (now.managed) return { status: 'not-applicable', reason: 'An AWS service created it, and only that service can change it.' };
      const byPeople = manual?.(now.part) ?? null;
      if (byPeople !== null) return { status: 'manual', ...byPeople };
      if (!latestSays(now, now.part) && !latestSays(now, to))
        return {
          status: 'manual',
          message: `The default version ${now.version} of ${id} has the gap, and its latest version ${now.newest} has other differences: a new version would remove those for whoever launches the latest version. Nothing is changed.`,
          steps: [
            'Find out which of the two is intended, and who uses which.',
            `Create a version from the latest one, in which to ${summary}. Make it the default when it is known to work.`,
          ],
        };
      return now.part === null && Object.keys(now.anchor).length === 0
        ? {
            status: 'manual',
            message: `${id} names no image, instance type or key pair, so no copy of its default version can be created for a rollback.`,
            steps: [`Create a version in which to ${summary}, and make it the default.`],
          }
        : null;
    },
    wanted({ now, parameters }) {
      const to = fix(now.part, parameters);
      if (same(now.part, to)) return now;
      // EC2 gives the numbers: a version becomes the default only once a look has shown what it says.
      return latestSays(now, to) ? { ...now, version: now.newest, part: to } : { ...now, newest: now.newest + 1, latest: to };
    },
    equivalent: ({ before, after }) => same(before.part, after.part) && same(before.latest, after.latest) && before.alike === after.alike,
    writes: [ec2.pick('CreateLaunchTemplateVersion', 'ModifyLaunchTemplate')],
    write({ id, now, to }) {
      const copy = (part: Part) =>
        ec2.call('CreateLaunchTemplateVersion', {
          LaunchTemplateId: id,
          SourceVersion: String(now.version),
          LaunchTemplateData: {
            ...(now.devices.length === 0 ? {} : { BlockDeviceMappings: now.devices }),
            ...(part === null ? now.anchor : { [member]: part }),
          } as JsonObject,
        });
      const use = (version: number) => ec2.call('ModifyLaunchTemplate', { LaunchTemplateId: id, DefaultVersion: String(version) });
      return [
        to.version === now.version
          ? {
              call: copy(to.latest),
              undo: { calls: [copy(now.part)], restores: 'equivalent' as const },
              summary: `create a version of ${id} from version ${now.version}, to ${summary}`,
            }
          : {
              call: use(to.version),
              undo: { calls: [use(now.version)], restores: 'exact' as const },
              summary: `make version ${to.version} the default of ${id}, in place of ${now.version}`,
            },
      ];
    },
    open: ({ id, now, to }) =>
      to.version === now.version
        ? [`the default version of ${id} still has the gap: the new version becomes the default when the next read shows it as the latest`]
        : undefined,
    compliant: () => 'The default version is as required.',
    summary: () => summary,
  });
}
