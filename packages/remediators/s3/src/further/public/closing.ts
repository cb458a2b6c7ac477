import { defineSetting, nameOfStatement, type Remediator, sharedOnPurpose, statementsOf } from '@redress/core';
import { bucketOf } from '../../bucket.js';
import { packageRef } from '../../package-ref.js';
import { bucket } from '../bucket.js';
import { s3 } from '../client.js';
import { visitorsCutOff, websiteContext } from '../website.js';
import { OPENING_READS, type Opening, openingOf } from './opening.js';
import { REFUSED_BACK, unwritable, withStatements } from './rewriting.js';
import { isOpen, type Kind, mayBeOpen, narrowed } from './statements.js';

/** What a grant of an access control list lets everybody do to objects and to the list itself. */
const GRANTS: Readonly<Record<Kind, RegExp>> = { read: /: (?:READ|READ_ACP|FULL_CONTROL|\?)$/, write: /: (?:WRITE|WRITE_ACP|FULL_CONTROL|\?)$/ };

/** What differs between reading and writing. */
interface Closing {
  readonly kind: Kind;
  readonly id: string;
  readonly title: string;
  readonly control: string;
  readonly rules: Readonly<Record<string, string>>;
  readonly prowler: readonly string[];
  readonly blindSpots: readonly string[];
  /** What those who are cut off do: `reads it without credentials`. */
  readonly who: string;
  readonly websites: boolean;
}

/** A remediator that leaves statements of a bucket policy which let everybody in to the account. */
export function closing({ kind, id: remediator, title, control, rules, prowler, blindSpots, who, websites }: Closing): Remediator {
  const openOf = ({ policy, policyIsPublic }: Opening) => {
    const statements = policy === null ? [] : statementsOf(policy);
    return { statements, open: policyIsPublic ? (statements ?? []).filter((each) => isOpen(kind, each)) : [] };
  };
  return defineSetting({
    on: bucket,
    id: remediator,
    title,
    package: packageRef,
    controls: { 'aws-fsbp': [control] },
    rules,
    calls: Object.fromEntries(
      ['PutBucketPolicy', 'PutBucketAcl', 'PutBucketPublicAccessBlock', 'DeleteBucketPublicAccessBlock'].map(
        (call) => [`s3:${call}`, 'request.bucketName'] as const,
      ),
    ),
    ceiling: 'approve',
    settle: 'PT60S',
    blindSpots: [
      ...blindSpots,
      'Whether a condition lets nobody in: S3 evaluates only the whole policy, so statements with conditions are left to people.',
      'Access control lists of single objects, and access points.',
      'Automation that sets the whole policy: its next run opens the bucket again.',
    ],
    read: { reads: OPENING_READS, of: ({ aws, resource }) => openingOf(aws, resource) },
    context: websiteContext,
    hazards: [...(websites ? [visitorsCutOff] : []), sharedOnPurpose(`whoever ${who} would lose access`)],
    rollback: { restores: 'exact', what: 'The earlier policy is restored.', not: [REFUSED_BACK] },
    alsoFoundBy: { prowler },
    inCode: { cloudFormation: 'AWS::S3::BucketPolicy PolicyDocument', terraform: 'aws_s3_bucket_policy policy' },
    instead({ now, id, resource }) {
      const { statements, open } = openOf(now);
      const grants = now.publicGrants.filter((each) => GRANTS[kind].test(each));
      if (statements === null && now.policyIsPublic)
        return {
          status: 'manual',
          message: `S3 considers the policy of ${id} public, and it could not be interpreted.`,
          steps: ['Replace it with one that names those who need access.'],
        };
      if (open.length > 0) {
        const why = unwritable(
          now.policy ?? '{}',
          (statements ?? []).flatMap((each) => narrowed(kind, each, resource)),
        );
        return why === null
          ? null
          : { status: 'manual', message: `The policy of ${id} is public, and ${why}.`, steps: ['Remove the public statements by hand.'] };
      }
      const left = now.policyIsPublic ? (statements ?? []).flatMap((each, at) => (mayBeOpen(kind, each) ? [nameOfStatement(each, at)] : [])) : [];
      if (left.length > 0)
        return {
          status: 'manual',
          message: `S3 considers the policy of ${id} public, and its public statements have conditions: ${left.join(', ')}.`,
          steps: ['Restrict the conditions to fixed accounts, organizations, addresses or endpoints, or remove the statements.'],
        };
      return grants.length === 0
        ? null
        : {
            status: 'manual',
            message: `No statement of the policy of ${id} gives public ${kind} access, but its access control list grants ${grants.join(', ')}.`,
            steps: ['s3-remove-global-acl-grants removes these grants, if the policy enables it.'],
          };
    },
    wanted({ now, resource }) {
      const { statements, open } = openOf(now);
      if (open.length === 0) return now;
      const Statement = (statements ?? []).flatMap((each) => narrowed(kind, each, resource));
      return { ...now, policy: withStatements(now.policy ?? '{}', Statement) };
    },
    writes: [s3.pick('PutBucketPolicy')],
    write: ({ resource, to: { policy } }) => s3.call('PutBucketPolicy', { ...bucketOf(resource), Policy: policy ?? '' }),
    compliant: ({ id }) =>
      `Nobody ${who
        .replace(/^reads/, 'can read')
        .replace(/^writes/, 'can write')
        .replace(' it ', ` ${id} `)}.`,
    summary: ({ id, now }) => {
      const { statements, open } = openOf(now);
      const names = open.map((each) => nameOfStatement(each, (statements ?? []).indexOf(each)));
      return `restrict ${kind === 'read' ? 'reading' : 'writing'} ${id} through the policy statement${names.length === 1 ? '' : 's'} ${names.join(', ')} to the account`;
    },
    // What the account or its organization cuts off meanwhile is not ours to put back.
    equivalent: ({ before, after }) => before.policy === after.policy,
  });
}
