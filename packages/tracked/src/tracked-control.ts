import {
  type AwsReads,
  claimOf,
  defineRemediator,
  GLOBAL_REGION,
  type Glance,
  isRecord,
  oneType,
  paginate,
  RedressError,
  type Remediator,
} from '@redress/core';
import { securityhub } from './client.js';
import { packageRef } from './package-ref.js';

/** A control of Security Hub whose word is followed. */
export interface TrackedControl {
  /** As Security Hub numbers it in every standard: `RDS.5`. */
  readonly control: string;
  /** CloudFormation types of what it is evaluated for: `AWS::RDS::DBInstance`. */
  readonly types: readonly string[];
}

/** What findings say of one resource. */
interface Word {
  readonly type: string;
  readonly id: string;
  readonly region: string;
  /** Of each finding (a standard may have one of its own), sorted. */
  readonly findings: readonly { readonly id: string; readonly status: string; readonly suppressed: boolean }[];
  readonly title: string | null;
  readonly tags: Readonly<Record<string, string>> | 'untaggable';
}

const READS = [securityhub.pick('GetFindings', 'BatchGetSecurityControls')] as const;
type Reads = AwsReads<typeof READS>;
const CONTROL = /^[A-Za-z][A-Za-z0-9]*\.[0-9]+$/;
/** Whether it is the id of a control of Security Hub, and not the number of another framework. */
export function isControl(id: string): boolean {
  return CONTROL.test(id);
}

/** The most that the API gives. */
const PAGE = 100;

/**
 * A gap that stands open for as long as a control of Security Hub fails, and for no other reason: nothing here looks at the resource, and nothing is
 * changed. Findings are read again for each event and in each sweep, so that Security Hub is asked, and not the event believed. Findings of several
 * standards are one source: the gap is closed when none of them fails.
 *
 * @example trackedControl({ control: 'RDS.5', types: ['AWS::RDS::DBInstance'] })
 * @throws {RedressError} `remediator/invalid`: it names no type, or is not the id of a control
 * @see https://docs.aws.amazon.com/securityhub/1.0/APIReference/API_GetFindings.html
 */
export function trackedControl({ control, types: given }: TrackedControl): Remediator {
  const [first, ...more] = given.map(oneType);
  if (first === undefined || !isControl(control))
    throw new RedressError(
      'remediator/invalid',
      `The control ${control} ${first === undefined ? 'names no type of what it evaluates' : 'is not one of Security Hub'}.`,
      {
        next: 'Give an id such as RDS.5, and types such as AWS::RDS::DBInstance: findings about other types are left alone.',
      },
    );
  const types: readonly [string, ...string[]] = [first, ...more];
  return defineRemediator({
    id: `tracked-${control.toLowerCase().replace('.', '-')}`,
    title: `Track the Security Hub control ${control}`,
    package: packageRef,
    resourceTypes: types,
    controls: [{ framework: 'aws-fsbp', id: control }],
    ceiling: 'notify',
    // Its source also says when it is over.
    whenResolved: true,
    blindSpots: ['Whether the control is right: only Security Hub has evaluated the resource.', 'A tag that Security Hub does not put into its findings.'],
    hazards: [],
    uses: { reads: READS, writes: [], undoes: [] },
    async observe({ aws, resource }) {
      for await (const page of wordsOf(aws, control, { account: resource.account, region: regionOf(resource.region) }))
        for (const { type, id, findings, title, tags } of page)
          if (type === resource.type && id === resource.id) return { state: { findings }, context: { title }, tags };
      // What is no longer evaluated is not a gap; a control that is off reports nothing.
      await needOn(aws, control, `${resource.account} ${resource.region}`);
      return 'gone';
    },
    plan({ state, context }) {
      const failing = state.findings.filter(({ status, suppressed }) => status === 'FAILED' && !suppressed);
      if (failing.length > 0)
        return {
          status: 'manual',
          message: `Reported only by Security Hub: ${control} fails${context?.title == null ? '.' : `: ${context.title}`}`,
          steps: [
            `Read what the control looks for: https://docs.aws.amazon.com/securityhub/latest/userguide/${service(control)}-controls.html`,
            'Correct the resource. Security Hub evaluates it again after a change of it, or within 24 hours.',
          ],
        };
      if (state.findings.some(({ status }) => status === 'FAILED')) return { status: 'not-applicable', reason: `${control} is suppressed in Security Hub.` };
      // Security Hub could not evaluate it: nobody has said that it is closed.
      const unknown = state.findings.find(({ status }) => status !== 'PASSED');
      if (unknown !== undefined)
        return {
          status: 'manual',
          message: `Reported only by Security Hub: ${control} could not be evaluated (${unknown.status}).`,
          steps: [`Find out why: see Compliance.StatusReasons of the finding ${unknown.id}.`],
        };
      return { status: 'compliant', message: `Reported only by Security Hub: ${control} passes.` };
    },
    async *observeMany({ aws, account, region }) {
      await needOn(aws, control, `${account} ${region}`);
      for await (const page of wordsOf(aws, control, { account, region }))
        yield page.map(({ type, id, region: at, findings, title }): Glance<{ findings: Word['findings'] }, { title: string | null }> => {
          // A gap that nobody would be notified of is worse than a sweep that fails.
          if (!types.includes(type))
            throw new RedressError('evaluation/unreadable', `The control ${control} evaluates ${type}, and it is tracked for ${types.join(', ')}.`, {
              next: `Add ${type} to the types of ${control}.`,
            });
          return { type, id, region: at, seen: { state: { findings }, context: { title } } };
        });
    },
  });
}

/** What the findings of a control say, resource by resource. */
async function* wordsOf(
  aws: Reads,
  control: string,
  { account, region }: { readonly account: string; readonly region: string },
): AsyncGenerator<readonly Word[]> {
  const equals = (Value: string) => [{ Value, Comparison: 'EQUALS' as const }];
  const input = {
    Filters: { ComplianceSecurityControlId: equals(control), AwsAccountId: equals(account), Region: equals(region), RecordState: equals('ACTIVE') },
    MaxResults: PAGE,
  };
  // Findings of one resource, of several standards, are on any pages.
  const found = new Map<string, Word>();
  for await (const finding of paginate(aws.securityhub.GetFindings, input, 'Findings')) {
    const status = finding.Compliance?.Status;
    const [about] = finding.Resources ?? [];
    const claim = about === undefined ? null : claimOf({ type: about.Type, id: about.Id, region: about.Region, account });
    if (finding.Id === undefined || status === undefined || claim === null)
      throw new Error(`GetFindings did not return the result of ${control}, or its resource.`);
    const key = JSON.stringify([claim.type, claim.id]);
    const before = found.get(key);
    const one = { id: finding.Id, status, suppressed: finding.Workflow?.Status === 'SUPPRESSED' };
    found.set(key, {
      type: claim.type,
      id: claim.id,
      region,
      findings: [...(before?.findings ?? []), one].sort((a, b) => (a.id < b.id ? -1 : 1)),
      title: before?.title ?? finding.Title ?? null,
      tags: isRecord(about?.Tags) ? { ...about.Tags } : (before?.tags ?? 'untaggable'),
    });
  }
  yield [...found.values()];
}

/** @throws {RedressError} `evaluation/unreadable`: the control is off, or AWS does not know it (any more); what it said last stands. */
async function needOn(aws: Reads, control: string, where: string): Promise<void> {
  const { SecurityControls = [] } = await aws.securityhub.BatchGetSecurityControls({ SecurityControlIds: [control] });
  const status = SecurityControls.find(({ SecurityControlId }) => SecurityControlId === control)?.SecurityControlStatus;
  if (status === 'ENABLED') return;
  throw new RedressError(
    'evaluation/unreadable',
    `${status === undefined ? `Security Hub does not know the control ${control}` : `The control ${control} is off`} in ${where}: its last result stands.`,
    { next: 'Turn it on in a standard, or stop tracking it.' },
  );
}

/** Findings about global resources are of the region that evaluates them. */
const regionOf = (region: string) => (region === GLOBAL_REGION ? 'us-east-1' : region);
const service = (control: string) => control.slice(0, control.indexOf('.')).toLowerCase();
