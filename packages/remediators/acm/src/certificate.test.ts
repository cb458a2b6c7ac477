import { resource } from '@redress/core';
import { expect, it } from 'vitest';
import { assess, look } from '../../../../tests/support/look.js';
import { reportExpiringOrWeakCertificate as report } from './index.js';

const ARN = 'arn:aws:acm:eu-west-1:111111111111:certificate/1234abcd-12ab-34cd-56ef-1234567890ab';
const REF = resource({ type: 'AWS::ACM::Certificate', id: ARN, account: '111111111111', region: 'eu-west-1' });
const NOW = Date.parse('2026-11-29T12:00:00Z');
const acm = (found: object) => ({
  acm: {
    DescribeCertificate: {
      Certificate: { Status: 'ISSUED', Type: 'AMAZON_ISSUED', KeyAlgorithm: 'RSA-2048', NotAfter: new Date('2027-06-01T00:00:00Z'), ...found },
    },
    ListTagsForCertificate: {},
  },
});
const of = (found: object, parameters = {}) => assess(report, REF, acm(found), { parameters, now: NOW });

it('is reported when it expires within the days of the policy, with the day of its expiry', async () => {
  const NotAfter = new Date('2026-12-29T12:00:00Z');
  expect(await of({ NotAfter })).toMatchObject({ status: 'manual', message: expect.stringContaining('expires in 30 days') });
  expect((await of({ NotAfter: new Date('2026-12-30T12:00:01Z') })).status).toBe('compliant');
  expect((await of({ NotAfter }, { days: 29 })).status).toBe('compliant');
  expect(await of({ NotAfter: new Date('2026-11-01T00:00:00Z'), Status: 'EXPIRED' })).toMatchObject({
    message: expect.stringContaining('has expired on 2026-11-01'),
  });
});

it('is judged by the days of its rule', async () => {
  const seen = await look(report, REF, acm({ NotAfter: new Date('2027-02-01T00:00:00Z') }), { now: NOW });
  if (seen === 'gone') throw new Error('It is there.');
  expect(seen.assessment.status).toBe('compliant');
  expect(seen.judge({ parameters: { daysToExpiration: '90' } })).toHaveLength(1);
  expect(seen.judge({ parameters: { daysToExpiration: '14' } })).toEqual([]);
});

it.each(['RSA-1024', 'RSA_1024'])('has a key that is too short: %s', async (KeyAlgorithm) => {
  expect(await of({ KeyAlgorithm })).toMatchObject({ status: 'manual', message: expect.stringContaining('1024 bits') });
});

it('is not judged before it is issued, or without its key algorithm', async () => {
  expect((await of({ Status: 'PENDING_VALIDATION', NotAfter: undefined })).status).toBe('not-applicable');
  await expect(of({ KeyAlgorithm: undefined })).rejects.toThrow('algorithm');
});

it('has steps that depend on who renews it', async () => {
  const NotAfter = new Date('2026-12-09T00:00:00Z');
  const steps = async (found: object) => JSON.stringify(await of({ NotAfter, ...found }));
  expect(await steps({ Type: 'IMPORTED' })).toContain('import it under the same ARN');
  expect(await steps({ RenewalEligibility: 'ELIGIBLE' })).toContain('Certificate Manager renews it');
  expect(await steps({ RenewalEligibility: 'INELIGIBLE' })).toContain('does not renew it');
});

it('is found by a sweep whatever its key', async () => {
  const asked: unknown[] = [];
  const aws = {
    acm: {
      ListCertificates: async (input: unknown) => {
        asked.push(input);
        return { CertificateSummaryList: [{ CertificateArn: ARN }] };
      },
    },
  };
  for await (const page of report.observeMany?.({
    aws,
    account: '111111111111',
    region: 'eu-west-1',
    partition: 'aws',
    parameters: report.parameters({}),
  } as never) ?? [])
    expect(page.map(({ id }) => id)).toEqual([ARN]);
  expect(asked).toEqual([{ Includes: { keyTypes: ['RSA_1024', 'RSA_2048', 'RSA_3072', 'RSA_4096', 'EC_prime256v1', 'EC_secp384r1', 'EC_secp521r1'] } }]);
});
