import { ACMClient, AddTagsToCertificateCommand, RequestCertificateCommand } from '@aws-sdk/client-acm';
import { isRecord, resource } from '@redress/core';
import { cloudTrailEvent, describeRemediator, type Scenario, type Sdk } from '@redress/testing';
import { afterAll, inject } from 'vitest';
import { inFrontOf } from '../../../../tests/support/in-front.js';
import { reportExpiringOrWeakCertificate } from '../src/index.js';

declare module 'vitest' {
  interface ProvidedContext {
    moto: string;
  }
}

// One moment for all replies: two looks in a row see the same date.
const NOW = Math.floor(Date.now() / 1000);
// moto issues certificates after a while, for a year: the first part of the name says in how many days it ends.
const dated = await inFrontOf(
  inject('moto'),
  () => null,
  ({ operation }, reply) => {
    const found = operation === 'DescribeCertificate' && isRecord(reply) ? reply['Certificate'] : undefined;
    if (!isRecord(found)) return reply;
    const days = Number(String(found['DomainName']).split('.')[0]);
    return { Certificate: { ...found, Status: 'ISSUED', NotAfter: NOW + days * 86_400 } };
  },
);
afterAll(() => dated.close());

const TYPE = 'AWS::ACM::Certificate';
const client = (sdk: Sdk) => new ACMClient(sdk.config);
const certificate = (days: number) => async (sdk: Sdk) => {
  const { CertificateArn: id = '' } = await client(sdk).send(
    new RequestCertificateCommand({ DomainName: `${days}.shop.example`, Tags: [{ Key: 'team', Value: 'shop' }], ValidationMethod: 'DNS' }),
  );
  return resource({ type: TYPE, id, account: sdk.account, region: sdk.region });
};
const tag: Scenario['tag'] = async (sdk, { id: CertificateArn }, Key, Value) => {
  await client(sdk).send(new AddTagsToCertificateCommand({ CertificateArn, Tags: [{ Key, Value }] }));
};

describeRemediator(reportExpiringOrWeakCertificate, {
  account: { endpoint: dated.endpoint },
  scenarios: [
    { name: 'a certificate that ends within the days of the policy', expect: 'manual', parameters: { days: 90 }, arrange: certificate(80), tag },
    {
      name: 'one that has ended, and has just been imported',
      expect: 'manual',
      arrange: certificate(-1),
      tag,
      event: ({ account, region, id }) =>
        cloudTrailEvent({ account, region, service: 'acm', operation: 'ImportCertificate', request: {}, response: { certificateArn: id } }),
    },
    { name: 'a certificate that ends later', expect: 'compliant', arrange: certificate(80), tag },
    {
      name: 'a certificate that is gone',
      expect: 'compliant',
      arrange: async (sdk) =>
        resource({
          type: TYPE,
          id: `arn:aws:acm:${sdk.region}:${sdk.account}:certificate/00000000-0000-0000-0000-000000000000`,
          account: sdk.account,
          region: sdk.region,
        }),
    },
  ],
});
