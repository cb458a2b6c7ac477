import { resource } from '@redress/core';
import { faultMatrix, type Operation, reportedGap, SimulatedError } from '@redress/testing';
import { expect, it } from 'vitest';
import { makeDocumentPrivate } from '../src/index.js';

interface Document {
  shared: string[];
  tags: { Key: string; Value: string }[];
}
type Named = { readonly Name: string };
const known = (custom: Record<string, unknown>, name: string): Document => {
  const found = (custom as Record<string, Document>)[name];
  if (found === undefined) throw new SimulatedError('InvalidDocument', 400);
  return found;
};
/** As much of Systems Manager as documents need. */
const ssm: Readonly<Record<string, Operation>> = {
  DescribeDocument: ({ custom }, { Name }: Named, { account }) => {
    known(custom, Name);
    return { Document: { Name, Owner: account, CreatedDate: new Date('2026-01-02T03:04:05Z') } };
  },
  DescribeDocumentPermission: ({ custom }, { Name }: Named) => ({ AccountIds: known(custom, Name).shared }),
  ListDocuments: ({ custom }) => ({
    DocumentIdentifiers: Object.keys(custom)
      .sort()
      .map((Name) => ({ Name })),
  }),
  ListTagsForResource: ({ custom }, { ResourceId }: { readonly ResourceId: string }) => {
    const { tags } = known(custom, ResourceId);
    return tags.length === 0 ? {} : { TagList: tags };
  },
  ModifyDocumentPermission: (
    { custom },
    { Name, AccountIdsToAdd = [], AccountIdsToRemove = [] }: Named & { readonly AccountIdsToAdd?: string[]; readonly AccountIdsToRemove?: string[] },
  ) => {
    const document = known(custom, Name);
    document.shared = [...new Set([...document.shared, ...AccountIdsToAdd])].filter((each) => !AccountIdsToRemove.includes(each));
    return {};
  },
};

it('ssm-make-document-private survives every fault at every call', async () => {
  const report = await faultMatrix(makeDocumentPrivate, {
    services: { ssm },
    arrange(account) {
      Object.assign(account.state.custom, { beside: { shared: ['222222222222'], tags: [] }, subject: { shared: ['222222222222'], tags: [] } });
      const change = (more: object) => account.act('ssm', 'ModifyDocumentPermission', { Name: 'subject', PermissionType: 'Share', ...more });
      return reportedGap({
        resource: resource({ type: 'AWS::SSM::Document', id: 'subject', account: account.account, region: 'us-east-1' }),
        rule: 'ssm-document-not-public',
        open: () => change({ AccountIdsToAdd: ['all'] }),
        isOpen: () => (account.state.custom as Record<string, Document>)['subject']?.shared.includes('all') === true,
        others: {
          delete: () => delete account.state.custom['subject'],
          fix: () => change({ AccountIdsToRemove: ['all'] }),
          change: () => known(account.state.custom, 'subject').tags.push({ Key: 'team', Value: 'x' }),
        },
      });
    },
  });
  expect(report.broken).toEqual([]);
  expect(report.injected).toBeGreaterThan(200);
});
