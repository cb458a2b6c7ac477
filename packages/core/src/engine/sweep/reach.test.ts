import { describe, expect, it } from 'vitest';
import { RedressError } from '../../model/errors.js';
import type { Runtime } from '../runtime.js';
import { isServiceAbsent, regionOff, unreached } from './reach.js';

const HERE = { account: '111111111111', region: 'ap-east-2' };
const named = (name: string) => Object.assign(new Error('no'), { name });

/** Whose the credentials are, by region; an error is what is answered there. */
function runtime(accounts: Record<string, string | Error>) {
  const asked: object[] = [];
  const identity = async (where: { readonly region: string }) => {
    asked.push(where);
    const found = accounts[where.region] ?? new Error('nowhere');
    if (found instanceof Error) throw found;
    return { account: found };
  };
  return { asked, of: { gate: { identity } } as unknown as Runtime };
}

describe('a place', () => {
  it('is reached if the credentials are of its account', async () => {
    const { of, asked } = runtime({ 'ap-east-2': '111111111111' });
    expect(await unreached(of, HERE)).toBeNull();
    expect(asked).toEqual([{ ...HERE, partition: 'aws', access: 'read', execution: null }]);
  });
  it('is not reached if they are of another account', async () => {
    expect(await unreached(runtime({ 'ap-east-2': '999999999999' }).of, HERE)).toEqual({
      status: 'failed',
      message: 'The credentials belong to account 999999999999, not to 111111111111: nothing was listed.',
    });
  });
  it.each(['OptInRequired', 'RegionDisabledException', 'AuthFailure', 'UnrecognizedClientException', 'InvalidClientTokenId', 'InvalidAccessKeyId'])(
    'whose region is not enabled (%s) has nothing, if the same credentials are valid at home',
    async (name) => {
      const absent = { status: 'absent', message: 'Region ap-east-2 is not enabled in account 111111111111: nothing of it can be read.' };
      const { of, asked } = runtime({ 'ap-east-2': named(name), 'us-east-1': '111111111111' });
      expect(await unreached(of, HERE)).toEqual(absent);
      expect(asked.at(-1)).toMatchObject({ account: '111111111111', region: 'us-east-1', partition: 'aws' });
    },
  );
  it('fails if the same credentials are not valid at home, or are of another account there', async () => {
    const failed = { status: 'failed', message: 'Account 111111111111 cannot be read: no' };
    expect(await unreached(runtime({ 'ap-east-2': named('AuthFailure') }).of, HERE)).toEqual(failed);
    expect(await unreached(runtime({ 'ap-east-2': named('AuthFailure'), 'us-east-1': '999999999999' }).of, HERE)).toEqual(failed);
  });
  it('fails with any other error, or if every account has the region', async () => {
    const { of, asked } = runtime({ 'ap-east-2': named('AccessDenied'), 'us-east-1': '111111111111' });
    expect(await unreached(of, HERE)).toMatchObject({ status: 'failed' });
    expect(asked).toHaveLength(1);
    const home = runtime({ 'us-east-1': named('AuthFailure') });
    expect(await unreached(home.of, { ...HERE, region: 'us-east-1' })).toMatchObject({ status: 'failed' });
    expect(home.asked).toHaveLength(1);
  });
  it('in China is compared with a region that every account has there', async () => {
    const { of, asked } = runtime({ 'cn-northwest-1': named('OptInRequired'), 'cn-north-1': '111111111111' });
    expect(await unreached(of, { ...HERE, region: 'cn-northwest-1' })).toMatchObject({ status: 'absent' });
    expect(asked.at(-1)).toMatchObject({ region: 'cn-north-1', partition: 'aws-cn' });
  });
});

describe('the error of a list call', () => {
  const wrapped = (cause: unknown) => new RedressError('aws/denied', 'ec2:DescribeRegions: no', { cause });
  const { of } = runtime({ 'us-east-1': '111111111111' });
  it('is recognized by the name from the service, even if it is wrapped', async () => {
    expect(await regionOff(of, HERE, wrapped(named('OptInRequired')))).toMatchObject({ status: 'absent' });
    expect(await regionOff(of, HERE, { name: 'OptInRequired' })).toMatchObject({ status: 'absent' });
    for (const error of [wrapped(undefined), wrapped(named('AccessDenied')), 'OptInRequired', null]) expect(await regionOff(of, HERE, error)).toBeNull();
  });
  it('means that the service does not exist if its endpoint has no DNS name, at any depth', () => {
    const nameless = Object.assign(new Error('getaddrinfo'), { code: 'ENOTFOUND' });
    expect(isServiceAbsent(nameless)).toBe(true);
    expect(isServiceAbsent(wrapped(new Error('fetch failed', { cause: nameless })))).toBe(true);
    for (const error of [new Error('no', { cause: { code: 'ENOTFOUND' } }), Object.assign(new Error(''), { code: 'ECONNREFUSED' }), 'ENOTFOUND', null])
      expect(isServiceAbsent(error)).toBe(false);
  });
});
