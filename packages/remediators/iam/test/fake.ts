import { RedressError, type ResourceRef, resource } from '@redress/core';

/** A user as the fake knows it. */
export interface FakeUser {
  readonly id?: string;
  readonly keys?: readonly {
    readonly id: string;
    readonly created: string;
    readonly status?: 'Active' | 'Inactive' | 'Expired';
    readonly used?: { readonly at: string; readonly service: string; readonly region: string };
  }[];
  readonly tags?: Readonly<Record<string, string>>;
}

/** An error as reads through the engine throw it: classified, with IAM's own as the cause. */
export function iamError(name: string, code: 'aws/gone' | 'aws/denied' = 'aws/gone'): RedressError {
  return new RedressError(code, name, { cause: Object.assign(new Error(name), { name, $metadata: { httpStatusCode: code === 'aws/gone' ? 404 : 403 } }) });
}

/** An `aws` object over a few users, in pages of one. `refuse` makes operations fail. */
export function fakeIam(users: Readonly<Record<string, FakeUser>>, refuse: Readonly<Record<string, RedressError>> = {}) {
  const calls: string[] = [];
  const page = <T>(items: readonly T[], marker: string | undefined, member: string) => {
    const at = Number(marker ?? 0);
    return { [member]: items.slice(at, at + 1), IsTruncated: at + 1 < items.length, ...(at + 1 < items.length ? { Marker: String(at + 1) } : {}) };
  };
  const idOf = (name: string) => `AIDA${name.toUpperCase().padEnd(17, '0')}`;
  const called = (operation: string) => {
    calls.push(operation);
    if (refuse[operation] !== undefined) throw refuse[operation];
  };
  const of = (name: string): FakeUser => {
    const user = users[name];
    if (user === undefined) throw iamError('NoSuchEntityException');
    return user;
  };
  const iam = {
    ListUsers: async (input: { readonly Marker?: string }) => {
      called('ListUsers');
      return page(
        Object.entries(users).map(([UserName, user]) => ({ UserName, UserId: user.id ?? idOf(UserName) })),
        input.Marker,
        'Users',
      );
    },
    ListAccessKeys: async (input: { readonly UserName: string; readonly Marker?: string }) => {
      called('ListAccessKeys');
      const keys = (of(input.UserName).keys ?? []).map((key) => ({
        UserName: input.UserName,
        AccessKeyId: key.id,
        Status: key.status ?? 'Active',
        CreateDate: new Date(key.created),
      }));
      return page(keys, input.Marker, 'AccessKeyMetadata');
    },
    GetUser: async ({ UserName }: { readonly UserName: string }) => {
      called('GetUser');
      const { id, tags } = of(UserName);
      return {
        User: { UserName, UserId: id ?? idOf(UserName), ...(tags === undefined ? {} : { Tags: Object.entries(tags).map(([Key, Value]) => ({ Key, Value })) }) },
      };
    },
    GetAccessKeyLastUsed: async (input: { readonly AccessKeyId: string }) => {
      called('GetAccessKeyLastUsed');
      const used = Object.values(users)
        .flatMap((user) => user.keys ?? [])
        .find((key) => key.id === input.AccessKeyId)?.used;
      return {
        AccessKeyLastUsed:
          used === undefined ? { ServiceName: 'N/A', Region: 'N/A' } : { LastUsedDate: new Date(used.at), ServiceName: used.service, Region: used.region },
      };
    },
  };
  return { aws: { iam } as never, calls };
}

export const user = (id: string, region = 'aws-global'): ResourceRef => resource({ type: 'AWS::IAM::User', id, account: '111111111111', region });
