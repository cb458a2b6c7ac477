import { describe, expect, it } from 'vitest';
import { personOf, samePerson } from './principal.js';

const sso = (set: string, name: string, account = '111111111111') => `arn:aws:sts::${account}:assumed-role/AWSReservedSSO_${set}_0123456789abcdef/${name}`;
const session = (role: string, name: string, account = '111111111111') => `arn:aws:sts::${account}:assumed-role/${role}/${name}`;

describe('the same person', () => {
  it.each<[string, string, string, boolean]>([
    ['under another permission set', sso('Admin', 'alice@example.com'), sso('ReadOnly_Plus', 'alice@example.com'), true],
    ['in another account', sso('Admin', 'alice@example.com'), sso('Admin', 'alice@example.com', '222222222222'), true],
    ['in another case', sso('Admin', 'Alice@Example.com'), sso('Audit', 'alice@example.com'), true],
    ['but a colleague is another one, under the same permission set', sso('Admin', 'alice@example.com'), sso('Admin', 'bob@example.com'), false],
    ['in another session of a role', session('Lead', 'alice'), session('Lead', 'bob'), true],
    ['as the role itself', session('Lead', 'alice'), 'arn:aws:iam::111111111111:role/team/Lead', true],
    ['under another role, with the same name', session('Lead', 'alice'), session('Deploy', 'alice'), true],
    ['under a role after Identity Center, with the same name', sso('Admin', 'alice@example.com'), session('Deploy', 'alice@example.com'), true],
    ['as a user who has switched roles', 'arn:aws:iam::111111111111:user/staff/alice', session('Lead', 'alice'), true],
    ['as a federated user', 'arn:aws:sts::111111111111:federated-user/alice', session('Lead', 'alice'), true],
    ['by source identity', 'alice@example.com', sso('Admin', 'alice@example.com'), true],
    ['not: another user', 'arn:aws:iam::111111111111:user/alice', 'arn:aws:iam::111111111111:user/bob', false],
    ['not: another role and name', session('Lead', 'alice'), session('Deploy', 'bob'), false],
    ['not: a role of that name in another account', session('Lead', 'alice'), session('Lead', 'bob', '222222222222'), false],
    // Anyone may call a role so that it looks like one of Identity Center: it has 16 hexadecimal digits at its end.
    ['in another session of a role with a similar name', session('AWSReservedSSO_Mine', 'alice'), session('AWSReservedSSO_Mine', 'bob'), true],
    [
      'of Identity Center, with only the role known',
      'arn:aws:iam::111111111111:role/aws-reserved/sso.amazonaws.com/AWSReservedSSO_Admin_0123456789abcdef',
      sso('Admin', 'bob'),
      true,
    ],
    ['the root user', 'arn:aws:iam::111111111111:root', 'arn:aws:iam::111111111111:root', true],
    ['not: another root user', 'arn:aws:iam::111111111111:root', 'arn:aws:iam::222222222222:root', false],
  ])('%s', (_name, one, other, same) => {
    expect(samePerson(one, other)).toBe(same);
    expect(samePerson(other, one)).toBe(same);
  });
  it('is known by name; a role is not a person', () => {
    expect(personOf(sso('Admin', 'Alice@Example.com'))).toBe('alice@example.com');
    expect(personOf('arn:aws:iam::111111111111:user/staff/alice')).toBe('alice');
    expect(personOf('arn:aws:iam::111111111111:role/team/Lead')).toBeNull();
    expect(personOf('arn:aws:iam::111111111111:root')).toBeNull();
  });
});
