import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type Connect, RedressError } from '@redress/core';
import { afterEach, expect, it } from 'vitest';
import { accountRegions } from './account-regions.js';

const ACCOUNT = '111111111111';
const servers: Server[] = [];
afterEach(async () => {
  for (const server of servers.splice(0)) await new Promise((resolve) => server.close(resolve));
});

const error = (code: string) =>
  `<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><Error><Type>Sender</Type><Code>${code}</Code><Message>The security token included in the request is invalid.</Message></Error><RequestId>r</RequestId></ErrorResponse>`;
const caller = `<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><GetCallerIdentityResult><Arn>arn:aws:sts::${ACCOUNT}:assumed-role/r/s</Arn><UserId>u</UserId><Account>${ACCOUNT}</Account></GetCallerIdentityResult></GetCallerIdentityResponse>`;

/** STS of every region on loopback. The signature shows which region is called. */
async function connecting(codes: Readonly<Record<string, string>>, identity: () => Promise<{ account: string; arn: string }>) {
  const asked: string[] = [];
  const server = createServer((request, response) => {
    request.resume().on('end', () => {
      const region = /Credential=[^/]+\/\d+\/([^/]+)\/sts/.exec(request.headers.authorization ?? '')?.[1] ?? '';
      asked.push(region);
      const code = codes[region];
      response.writeHead(code === undefined ? 200 : 403, { 'content-type': 'text/xml' }).end(code === undefined ? caller : error(code));
    });
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const config = { maxAttempts: 1, endpoint, region: 'eu-west-1', credentials: { accessKeyId: 'ASIAEXAMPLE', secretAccessKey: 's', sessionToken: 't' } };
  const connect: Connect = async () => ({ config, identity });
  return { regions: accountRegions(connect, 'eu-west-1'), asked };
}
const mine = async () => ({ account: ACCOUNT, arn: `arn:aws:sts::${ACCOUNT}:assumed-role/r/s` });

it('reads the identity in each region, and reports which regions are not enabled', async () => {
  const { regions, asked } = await connecting({ 'eu-south-1': 'InvalidClientTokenId', 'me-south-1': 'RegionDisabledException' }, mine);
  expect(await regions(ACCOUNT, ['eu-west-1', 'eu-south-1', 'us-east-1', 'me-south-1'])).toEqual({
    enabled: ['eu-west-1', 'us-east-1'],
    left: [
      { region: 'eu-south-1', reason: 'not-enabled', message: 'The region eu-south-1 is not enabled in this account.' },
      { region: 'me-south-1', reason: 'not-enabled', message: 'The region me-south-1 is not enabled in this account.' },
    ],
  });
  expect(asked.sort()).toEqual(['eu-south-1', 'eu-west-1', 'me-south-1', 'us-east-1']);
});

it('reports once that an account denies access, and then reads no region', async () => {
  const { regions, asked } = await connecting({}, () => Promise.reject(new RedressError('aws/denied', 'The identity could not be read: AccessDenied: no')));
  expect(await regions(ACCOUNT, ['eu-west-1', 'us-east-1'])).toEqual({
    enabled: [],
    left: [{ region: null, reason: 'denied', message: 'The identity could not be read: AccessDenied: no' }],
  });
  expect(asked).toEqual([]);
});

it('reads no account with the credentials of another one', async () => {
  const { regions, asked } = await connecting({}, mine);
  expect((await regions('222222222222', ['eu-west-1'])).left).toEqual([
    { region: null, reason: 'denied', message: `The credentials belong to account ${ACCOUNT}, not to 222222222222.` },
  ]);
  expect(asked).toEqual([]);
});

it('throws errors that are about neither the account nor the region', async () => {
  const expired = await connecting({}, () => Promise.reject(new RedressError('aws/denied', 'expired', { retryable: true })));
  await expect(expired.regions(ACCOUNT, ['eu-west-1'])).rejects.toMatchObject({ message: 'expired' });
  const throttled = await connecting({ 'us-east-1': 'Throttling' }, mine);
  await expect(throttled.regions(ACCOUNT, ['us-east-1'])).rejects.toMatchObject({ name: 'Throttling' });
});
