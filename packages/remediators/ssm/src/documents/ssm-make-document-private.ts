import { classifyAwsError, defineResource, defineSetting, given, paginate, sharedOnPurpose, tagsIn } from '@redress/core';
import { packageRef } from '../package-ref.js';
import { ssm } from './client.js';

/** Systems Manager has a word of its own for a document that is not there. */
const isMissing = (error: unknown) => classifyAwsError(error instanceof Error ? error.cause : error).name === 'InvalidDocument';

/** A document, by its name: one of this account, or one that is shared with it. */
const ssmDocument = defineResource({
  type: 'AWS::SSM::Document',
  arn: 'arn:{partition}:ssm:{region}:{account}:document/{id}',
  find: {
    reads: [ssm.pick('DescribeDocument')],
    async of({ aws, id }) {
      try {
        return given(await aws.ssm.DescribeDocument({ Name: id }), 'Document');
      } catch (error) {
        if (isMissing(error)) return null;
        throw error;
      }
    },
  },
  created: ({ CreatedDate }) => CreatedDate,
  tags: {
    reads: [ssm.pick('ListTagsForResource')],
    // It leaves the list out where there is nothing in it.
    of: async ({ aws, id }) => tagsIn((await aws.ssm.ListTagsForResource({ ResourceType: 'Document', ResourceId: id })).TagList ?? []),
  },
  list: {
    reads: [ssm.pick('ListDocuments')],
    async *of({ aws }) {
      for await (const { Name: id } of paginate(aws.ssm.ListDocuments, { Filters: [{ Key: 'Owner', Values: ['Self'] }] }, 'DocumentIdentifiers'))
        if (id !== undefined) yield { id };
    },
  },
});

/**
 * Takes a document from everybody. Accounts that are named keep it, and this account does.
 *
 * @see https://docs.aws.amazon.com/securityhub/latest/userguide/ssm-controls.html#ssm-4
 */
export const makeDocumentPrivate = defineSetting({
  on: ssmDocument,
  id: 'ssm-make-document-private',
  title: 'Stop sharing an SSM document publicly',
  package: packageRef,
  controls: { 'aws-fsbp': ['SSM.4'] },
  rules: { SSM_DOCUMENT_NOT_PUBLIC: 'ssm-document-not-public' },
  calls: { 'ssm:ModifyDocumentPermission': 'request.name' },
  ceiling: 'enforce',
  blindSpots: ['Copies that others have already made.', 'Accounts that run it because it is public, and are not named.'],
  read: {
    reads: [ssm.pick('DescribeDocumentPermission')],
    async of({ aws, id, found, resource }) {
      let everybody: string | null = null;
      let version: string | null = null;
      const asked = { Name: id, PermissionType: 'Share' as const };
      // Each page has both: who has it, and which version.
      const page = async (input: typeof asked) => {
        const reply = await aws.ssm.DescribeDocumentPermission(input);
        version ??= reply.AccountSharingInfoList?.find(({ AccountId }) => AccountId?.toLowerCase() === 'all')?.SharedDocumentVersion ?? null;
        return reply;
      };
      for await (const account of paginate(page, asked, 'AccountIds')) if (account.toLowerCase() === 'all') everybody = account;
      const { Owner } = await found();
      return { everybody, version: everybody === null ? null : (version as string | null), ours: Owner === undefined ? undefined : Owner === resource.account };
    },
  },
  hazards: [sharedOnPurpose('accounts that are not named could no longer run it')],
  rollback: { restores: 'exact', what: 'It is shared publicly again, with the same version.', not: [] },
  alsoFoundBy: { prowler: ['ssm_documents_set_as_public'] },
  inCode: { cloudFormation: 'none: it does not contain document permissions', terraform: 'aws_ssm_document permissions' },
  instead: ({ now }) => (now.ours ? null : { status: 'not-applicable', reason: 'It belongs to another account.' }),
  wanted: ({ now }) => ({ ...now, everybody: null, version: null }),
  writes: [ssm.pick('ModifyDocumentPermission')],
  write: ({ id, now, to }) =>
    ssm.call('ModifyDocumentPermission', {
      Name: id,
      PermissionType: 'Share',
      ...(to.everybody === null
        ? { AccountIdsToRemove: [now.everybody ?? 'all'] }
        : // Without a version Systems Manager shares the default one.
          { AccountIdsToAdd: [to.everybody], ...(to.version === null ? {} : { SharedDocumentVersion: to.version }) }),
    }),
  summary: ({ id }) => `stop sharing ${id} publicly`,
});
