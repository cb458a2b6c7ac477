import { describe, expect, it } from 'vitest';
import type { Organization } from '../ports.js';
import { inOrganization, needsOrganization } from './organization.js';
import { definePolicy, environmentOf, modeOf, type PolicyInput } from './policy.js';

const A: string = '111111111111';
const B: string = '222222222222';
const C: string = '333333333333';
const D: string = '444444444444';
const DEV = 'ou-ab12-devdevde';
const PROD = 'ou-ab12-prodprod';

/** An organization whose accounts, units and tags a test writes down, and what it was asked. */
function organized({
  accounts = [A, B, C, D],
  units = {},
  tags = {},
}: {
  accounts?: readonly string[];
  units?: Readonly<Record<string, readonly string[]>>;
  tags?: Readonly<Record<string, Readonly<Record<string, string>>>>;
} = {}): Organization & { readonly asked: string[] } {
  const asked: string[] = [];
  return {
    asked,
    accounts: async () => (asked.push('accounts'), accounts),
    within: async (unit) => (asked.push(unit), units[unit] ?? []),
    tags: async (account) => (asked.push(`tags ${account}`), tags[account] ?? {}),
  };
}

const input = (environments: NonNullable<PolicyInput['environments']>): PolicyInput => ({
  version: 1,
  environments,
  remediators: { 'test-fix': Object.fromEntries(Object.keys(environments).map((name) => [name, 'enforce' as const])) },
});
const last = { after: 'none', because: 'a test' } as const;

describe('a policy in an organization', () => {
  it('has the accounts of its units and tags, and the digest of the written policy', async () => {
    const policy = definePolicy(input({ dev: { organizationalUnits: [DEV] }, prod: { accounts: [C], accountTags: ['stage=prod'], ...last } }));
    const organization = organized({ units: { [DEV]: [A] }, tags: { [B]: { stage: 'prod' }, [D]: { stage: 'Prod', prod: 'stage' } } });
    const resolved = await inOrganization(policy, organization).read();
    expect(resolved.environments.map(({ name, accounts }) => [name, accounts])).toEqual([
      ['dev', [A]],
      ['prod', [C, B]],
    ]);
    expect(resolved.digest).toBe(policy.digest);
    expect([A, B, C, D].map((account) => modeOf(resolved, 'test-fix', account))).toEqual(['enforce', 'enforce', 'enforce', 'notify']);
    // An account whose id or unit decides is not asked for its tags.
    expect(organization.asked).toEqual([DEV, 'accounts', `tags ${B}`, `tags ${D}`]);
  });

  it('prefers the account id to the unit, and the unit to the tags', async () => {
    const policy = definePolicy(input({ dev: { accounts: [A], accountTags: ['stage=dev'] }, prod: { organizationalUnits: [PROD], ...last } }));
    const resolved = await inOrganization(policy, organized({ units: { [PROD]: [A, B] }, tags: { [B]: { stage: 'dev' } } })).read();
    expect([environmentOf(resolved, A)?.name, environmentOf(resolved, B)?.name]).toEqual(['dev', 'prod']);
  });

  it('leaves an account in no environment if two claim it, and reports it', async () => {
    const policy = definePolicy(input({ dev: { organizationalUnits: [DEV] }, prod: { organizationalUnits: [PROD], ...last } }));
    const ambiguous: unknown[] = [];
    const organization = organized({ units: { [DEV]: [A, B], [PROD]: [B] } });
    const resolved = await inOrganization(policy, organization, { ambiguous: (...said) => ambiguous.push(said) }).read();
    expect([modeOf(resolved, 'test-fix', A), modeOf(resolved, 'test-fix', B)]).toEqual(['enforce', 'notify']);
    expect(ambiguous).toEqual([[B, ['dev', 'prod']]]);
  });

  it('reads again after fifteen minutes, and for another policy; an error is not cached', async () => {
    let now = 0;
    const clock = { now: () => now, sleep: async () => undefined };
    let of = definePolicy(input({ dev: { organizationalUnits: [DEV] } }));
    const members = [A];
    let down = true;
    const organization: Organization = {
      ...organized(),
      within: async () => {
        if (down) throw new Error('TooManyRequestsException');
        return [...members];
      },
    };
    const live = inOrganization({ read: async () => of }, organization, { clock });
    const accounts = async () => (await live.read()).environments[0]?.accounts;
    await expect(accounts()).rejects.toMatchObject({ code: 'policy/unreadable', message: expect.stringContaining('TooManyRequestsException') as string });
    down = false;
    expect(await accounts()).toEqual([A]);
    members.push(B);
    now = 899_999;
    expect(await accounts()).toEqual([A]);
    now = 900_000;
    expect(await accounts()).toEqual([A, B]);
    members.push(C);
    of = definePolicy({ ...input({ dev: { organizationalUnits: [DEV] } }), managedByIac: 'allow' });
    expect(await accounts()).toEqual([A, B, C]);
  });

  it('reads nothing if all accounts are listed', async () => {
    const policy = definePolicy(input({ dev: { accounts: [A] } }));
    const organization = organized();
    expect(await inOrganization(policy, organization).read()).toBe(policy);
    expect([organization.asked, needsOrganization(policy)]).toEqual([[], false]);
  });
});

describe('units and tags in a policy', () => {
  it('do not change the digest of a policy without them', () => {
    expect(definePolicy({ version: 1, environments: { dev: { accounts: ['111111111111'] } } }).environments).toEqual([
      { name: 'dev', accounts: [A], after: null, because: null },
    ]);
  });

  it.each([
    [{ dev: {} }, /environments\.dev\.accounts: is missing \(array\); or give organizationalUnits, or accountTags/],
    [{ dev: { organizationalUnits: ['Workloads'] } }, /organizationalUnits\.0: "Workloads": is not the id of an organizational unit/],
    [{ dev: { organizationalUnits: [] } }, /names no organizational unit/],
    [{ dev: { accountTags: [] } }, /names no tag/],
    [{ dev: { accountTags: ['stage'] } }, /is not key=value/],
    [{ dev: { accountTags: ['stage=*'] } }, /is not key=value/],
    [{ dev: { accountTags: ['stage='] } }, /is not key=value/],
    [{ dev: { organizationalUnits: [DEV] }, prod: { organizationalUnits: [DEV], ...last } }, /organizational unit ou-ab12-devdevde is also in dev/],
    [{ dev: { accountTags: ['a=b'] }, prod: { accountTags: ['a=b'], ...last } }, /tag a=b is also in dev/],
  ])('refuse %j', (environments, message) => {
    expect(() => definePolicy({ version: 1, environments: environments as NonNullable<PolicyInput['environments']> })).toThrow(message);
  });

  it('accept a root, which is every account', () => {
    expect(definePolicy(input({ all: { organizationalUnits: ['r-ab12'] } })).environments[0]?.organizationalUnits).toEqual(['r-ab12']);
  });
});
