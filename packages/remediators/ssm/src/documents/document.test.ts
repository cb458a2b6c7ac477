import { resource } from '@redress/core';
import { expect, it } from 'vitest';
import { assess } from '../../../../../tests/support/look.js';
import { makeDocumentPrivate } from '../index.js';

const REF = resource({ type: 'AWS::SSM::Document', id: 'patch-all', account: '111111111111', region: 'eu-west-1' });
const replies = (permission: object) => ({
  ssm: {
    DescribeDocument: { Document: { Name: 'patch-all', Owner: '111111111111', CreatedDate: new Date(0) } },
    DescribeDocumentPermission: permission,
    ListTagsForResource: {},
  },
});
const sharing = (AccountId: string, SharedDocumentVersion: string) => ({ AccountId, SharedDocumentVersion });

it('is shared again in its previous version, and not in the default one', async () => {
  const AccountSharingInfoList = [sharing('222222222222', '1'), sharing('All', '3')];
  expect(await assess(makeDocumentPrivate, REF, replies({ AccountIds: ['222222222222', 'All'], AccountSharingInfoList }))).toMatchObject({
    changes: [
      {
        call: { input: { Name: 'patch-all', PermissionType: 'Share', AccountIdsToRemove: ['All'] } },
        undo: { calls: [{ input: { Name: 'patch-all', PermissionType: 'Share', AccountIdsToAdd: ['All'], SharedDocumentVersion: '3' } }] },
      },
    ],
  });
});
it('is found on any page, and a missing version is the default one', async () => {
  const pages = (input: unknown) =>
    (input as { NextToken?: string }).NextToken === undefined ? { AccountIds: ['222222222222'], NextToken: 'more' } : { AccountIds: ['all'] };
  const assessment = await assess(makeDocumentPrivate, REF, replies(pages));
  expect(assessment.status === 'change' && assessment.changes[0]?.undo).toEqual({
    restores: 'exact',
    calls: [expect.objectContaining({ input: { Name: 'patch-all', PermissionType: 'Share', AccountIdsToAdd: ['all'] } })],
  });
});
