import { expect, it } from 'vitest';
import { sdkConfig } from './connect.js';
import { nameCall } from './wire.js';

const { signerConstructor: Signer } = sdkConfig('http://127.0.0.1:5000', 'eu-west-1');
const of = (headers: Record<string, string>) => nameCall({ method: 'POST', url: '/', headers, body: Buffer.from('Action=ListUsers') });

it.each([
  ['its region', 'eu-west-1', {}, 'eu-west-1', 'iam'],
  ['a region that has to be asked for', async () => 'eu-west-1', {}, 'eu-west-1', 'iam'],
  ['the region and the service of the endpoint', 'eu-west-1', { signingRegion: 'us-east-1', signingService: 'sts' }, 'us-east-1', 'sts'],
] as const)('a request that is not signed names %s', async (_, region, how, wanted, service) => {
  const { headers } = await new Signer({ region, service: 'iam' }).sign({ headers: { host: '127.0.0.1:5000' } as Record<string, string> }, how);
  expect(headers).toEqual({
    host: '127.0.0.1:5000',
    authorization: `AWS4-HMAC-SHA256 Credential=testing/20260101/${wanted}/${service}/aws4_request, SignedHeaders=host, Signature=0`,
  });
  expect(of(headers).service).toBe(service);
});
